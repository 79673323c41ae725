package io.github.rbd4j.bench;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison must show.
 *
 * @param text the bar in words
 * @param isMet whether it is met; null where the comparison only informs
 */
public record Bar(String text, @Nullable Predicate<Comparison> isMet) {
  /** No bar. */
  public static Bar none() {
    return new Bar("", null);
  }

  /** The median of the ratios is at least this. */
  public static Bar ratioAtLeast(double least) {
    return new Bar("ratio ≥ " + least, comparison -> comparison.ratio() >= least);
  }

  /** The median of the ratios is at most this. */
  public static Bar ratioAtMost(double most) {
    return new Bar("ratio ≤ " + most, comparison -> comparison.ratio() <= most);
  }

  /** rbd4j needs at most so much more than the peer. */
  public static Bar atMostMore(double most) {
    return new Bar(
        "≤ " + Math.round(most) + " more than the peer",
        comparison -> comparison.difference() <= most);
  }

  /** rbd4j's own value is at most this. */
  public static Bar atMost(double most) {
    return new Bar("≤ " + Math.round(most), comparison -> comparison.rbd4j() <= most);
  }
}
