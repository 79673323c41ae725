package io.github.rbd4j;

/**
 * A group that an image belongs to.
 *
 * @param poolId the number of the pool of the group
 * @param name the name of the group
 */
public record GroupReference(long poolId, String name) {}
