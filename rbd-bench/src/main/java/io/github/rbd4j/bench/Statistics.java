package io.github.rbd4j.bench;

import java.util.Arrays;

/** Medians and quartiles, which outliers do not move. */
final class Statistics {
  private Statistics() {}

  static double median(double[] values) {
    return quantile(values, 0.5);
  }

  /** A quantile, by linear interpolation between the values. */
  static double quantile(double[] values, double part) {
    if (values.length == 0) {
      throw new IllegalArgumentException("no values");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double place = part * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return below == above
        ? sorted[below]
        : sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
