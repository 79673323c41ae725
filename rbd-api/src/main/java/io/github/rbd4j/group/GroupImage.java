package io.github.rbd4j.group;

/**
 * An image of a group.
 *
 * @param name its name
 * @param poolId the number of its pool
 * @param state how it belongs to the group
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 */
public record GroupImage(String name, long poolId, GroupImageState state, int stateValue) {}
