package io.github.rbd4j.internal;

import java.time.Duration;

/** Durations for functions and options of Ceph that take whole seconds. */
public final class Seconds {
  private Seconds() {}

  /**
   * Rounds up: a part of a second must not become 0, which means something else, such as for ever
   * or the default.
   */
  public static long roundedUp(Duration duration) {
    long seconds = duration.getSeconds();
    return duration.getNano() == 0 || seconds == Long.MAX_VALUE ? seconds : seconds + 1;
  }
}
