package io.github.rbd4j;

/**
 * A range of an image that differs.
 *
 * @param offset where it begins in the image, in bytes
 * @param length its length in bytes
 * @param exists true if there is data now, false if the range became a hole
 */
public record DiffExtent(long offset, long length, boolean exists) {}
