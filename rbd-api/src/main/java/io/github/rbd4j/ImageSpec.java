package io.github.rbd4j;

/**
 * An image in the list of a pool.
 *
 * @param id the id, which stays the same when the image is renamed; empty for an image of format 1
 * @param name the name
 */
public record ImageSpec(String id, String name) {}
