/**
 * Mirroring to other clusters: {@link io.github.rbd4j.mirror.Mirror} is about a pool, {@link
 * io.github.rbd4j.mirror.ImageMirror} about an image.
 */
@NullMarked
package io.github.rbd4j.mirror;

import org.jspecify.annotations.NullMarked;
