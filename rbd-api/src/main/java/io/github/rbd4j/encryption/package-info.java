/**
 * Encryption of images with LUKS on the side of the client: {@link
 * io.github.rbd4j.encryption.Encryption}.
 */
@NullMarked
package io.github.rbd4j.encryption;

import org.jspecify.annotations.NullMarked;
