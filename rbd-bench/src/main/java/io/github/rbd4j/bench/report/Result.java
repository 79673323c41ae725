package io.github.rbd4j.bench.report;

import org.jspecify.annotations.Nullable;

/**
 * A line of the table.
 *
 * @param name what was measured
 * @param row the row that it belongs to: the name without what a second metric adds to it
 * @param what it in a few words
 * @param unit the unit of the values
 * @param rbd4j the median of rbd4j
 * @param peer the median of the peer
 * @param peerName the peer
 * @param ratio the median of the ratios rbd4j / peer of all pairs; null if the peer's value is 0
 * @param spread how far the quartiles of the ratios are apart
 * @param pairs how many pairs of turns
 * @param higherIsBetter whether a high ratio is good
 * @param difference the median of what rbd4j has more than the peer
 * @param bar what shall be, or empty
 * @param met whether it is; null without a bar
 * @param pairsMet how many pairs by themselves meet the bar; null without a bar
 * @param ratios of every pair whose peer has not the value 0
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never given away
public record Result(
    String name,
    String row,
    String what,
    String unit,
    double rbd4j,
    double peer,
    String peerName,
    @Nullable Double ratio,
    @Nullable Double spread,
    int pairs,
    boolean higherIsBetter,
    double difference,
    String bar,
    @Nullable Boolean met,
    @Nullable Integer pairsMet,
    double[] ratios) {

  /** Whether the bar is met, in a word. */
  String verdict() {
    if (met == null) {
      return "";
    }
    return met ? "met" : "missed";
  }
}
