package io.github.rbd4j.bench.report;

/**
 * A result of JMH with its profiler of the garbage collector.
 *
 * @param name the benchmark
 * @param nanoseconds its mean time
 * @param error half of the 99.9 % confidence interval
 * @param bytes what an operation allocates
 */
public record JmhResult(String name, double nanoseconds, double error, double bytes) {}
