package io.github.rbd4j.mirror;

/**
 * How many images are in one state.
 *
 * @param state the state
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 * @param images how many images are in it
 */
public record ReplayCount(ReplayState state, int stateValue, int images) {}
