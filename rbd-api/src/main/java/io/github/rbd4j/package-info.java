/**
 * Block images: {@link io.github.rbd4j.Rbd} is what one does to the images of a pool, {@link
 * io.github.rbd4j.Image} is an open image, {@link io.github.rbd4j.Snapshot} one of its snapshots.
 * Every failure that the native library reports is a {@link io.github.rbd4j.RbdException}.
 */
@NullMarked
package io.github.rbd4j;

import org.jspecify.annotations.NullMarked;
