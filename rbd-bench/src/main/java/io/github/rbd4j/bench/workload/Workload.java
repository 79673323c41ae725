package io.github.rbd4j.bench.workload;

/** What rbd4j does when it is its turn. */
@FunctionalInterface
public interface Workload {
  /** How many operations lie between two looks at the clock, where they are short. */
  int BATCH = 64;

  /**
   * Works until that moment of {@link System#nanoTime()} has passed.
   *
   * @return how many operations were done
   */
  long runUntil(long end) throws Exception;
}
