package io.github.rbd4j.bench;

import java.time.Duration;

/**
 * How long a run takes.
 *
 * @param pairs how many pairs of turns
 * @param turn how long a turn is
 * @param warmUp how long each side runs before the first turn
 * @param imageBytes the size of the image
 * @param transferBytes the size of the image that is exported and imported
 */
public record Settings(
    int pairs, Duration turn, Duration warmUp, long imageBytes, long transferBytes) {
  /** For the page. */
  public static Settings full() {
    return new Settings(9, Duration.ofMillis(1200), Duration.ofSeconds(5), 256L << 20, 1L << 30);
  }

  /** Under ten minutes. */
  public static Settings quick() {
    return new Settings(7, Duration.ofMillis(400), Duration.ofMillis(1500), 256L << 20, 1L << 30);
  }
}
