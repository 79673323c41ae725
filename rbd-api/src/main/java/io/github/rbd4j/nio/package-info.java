/**
 * Images as channels and streams of the JDK: {@link io.github.rbd4j.nio.ImageChannel} for all that
 * takes a {@link java.nio.channels.SeekableByteChannel}, {@link
 * io.github.rbd4j.nio.ImageInputStream} and {@link io.github.rbd4j.nio.ImageOutputStream} for one
 * pass from the start to the end.
 *
 * <p>As their interfaces demand, these classes report failures as {@link java.io.IOException}; the
 * {@link io.github.rbd4j.RbdException} is its cause.
 */
@NullMarked
package io.github.rbd4j.nio;

import org.jspecify.annotations.NullMarked;
