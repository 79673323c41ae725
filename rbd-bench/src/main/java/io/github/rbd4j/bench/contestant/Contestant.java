package io.github.rbd4j.bench.contestant;

import java.time.Duration;
import java.util.OptionalLong;

/** One side of a comparison. */
public interface Contestant extends AutoCloseable {
  /**
   * Works for about that long.
   *
   * @return what it did
   */
  Sample turn(Duration length);

  /** The process that works, if it is the same in every turn. */
  default OptionalLong process() {
    return OptionalLong.empty();
  }

  @Override
  void close();
}
