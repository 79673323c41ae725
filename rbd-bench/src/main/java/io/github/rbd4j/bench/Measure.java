package io.github.rbd4j.bench;

/**
 * A metric and its bar.
 *
 * @param metric what is compared
 * @param bar what it must show
 */
public record Measure(Metric metric, Bar bar) {}
