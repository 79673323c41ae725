package io.github.rbd4j.bench;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The values of all pairs of turns.
 *
 * @param ours those of rbd4j
 * @param theirs those of the peer, in the same order
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never given away
record Comparison(double[] ours, double[] theirs) {
  Comparison {
    if (ours.length != theirs.length) {
      throw new IllegalArgumentException("not pairs: " + ours.length + " and " + theirs.length);
    }
  }

  double rbd4j() {
    return Statistics.median(ours);
  }

  double peer() {
    return Statistics.median(theirs);
  }

  /** Each pair by itself. */
  Stream<Comparison> pairs() {
    return IntStream.range(0, ours.length)
        .mapToObj(i -> new Comparison(new double[] {ours[i]}, new double[] {theirs[i]}));
  }

  /** rbd4j's value divided by the peer's, for each pair. */
  double[] ratios() {
    return IntStream.range(0, ours.length)
        .mapToDouble(i -> ours[i] == theirs[i] ? 1 : ours[i] / theirs[i])
        .toArray();
  }

  /** The median of the ratios. */
  double ratio() {
    return Statistics.median(ratios());
  }

  /** How far the quartiles of the ratios are apart. */
  double spread() {
    return Statistics.quantile(ratios(), 0.75) - Statistics.quantile(ratios(), 0.25);
  }

  /** The median of what rbd4j has more than the peer. */
  double difference() {
    return Statistics.median(
        IntStream.range(0, ours.length).mapToDouble(i -> ours[i] - theirs[i]).toArray());
  }
}
