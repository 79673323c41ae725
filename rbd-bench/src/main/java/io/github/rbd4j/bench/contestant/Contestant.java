package io.github.rbd4j.bench.contestant;

import java.time.Duration;

/** One side of a comparison. */
public interface Contestant extends AutoCloseable {
  /**
   * Works for about that long.
   *
   * @return what it did
   */
  Sample turn(Duration length);

  @Override
  void close();
}
