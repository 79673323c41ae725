package io.github.rbd4j.bench;

import java.time.Duration;

/**
 * How long a run takes.
 *
 * @param pairs how many pairs of turns
 * @param turn how long a turn is
 * @param warmUp how long each side runs before the first turn
 * @param imageBytes the size of the image
 */
public record Settings(int pairs, Duration turn, Duration warmUp, long imageBytes) {
  /** For the page. */
  public static Settings full() {
    return new Settings(15, Duration.ofSeconds(2), Duration.ofSeconds(6), 256L << 20);
  }

  /** Under ten minutes. */
  public static Settings quick() {
    return new Settings(7, Duration.ofMillis(700), Duration.ofSeconds(3), 256L << 20);
  }
}
