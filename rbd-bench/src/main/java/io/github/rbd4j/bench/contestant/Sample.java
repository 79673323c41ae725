package io.github.rbd4j.bench.contestant;

/**
 * What a contestant did in one turn.
 *
 * @param operations how many operations
 * @param seconds how long they took
 * @param cpuSeconds the processor time that its process used meanwhile; not a number if unknown
 * @param allocatedBytes how much it allocated on the heap of its JVM, if it has one
 */
public record Sample(long operations, double seconds, double cpuSeconds, double allocatedBytes) {}
