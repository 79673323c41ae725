package io.github.rbd4j.rados;

/**
 * A pool of a cluster.
 *
 * @param id its number
 * @param name its name
 */
public record Pool(long id, String name) {}
