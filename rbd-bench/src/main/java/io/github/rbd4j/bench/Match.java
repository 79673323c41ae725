package io.github.rbd4j.bench;

import io.github.rbd4j.bench.contestant.Contestant;
import java.util.List;
import java.util.function.Supplier;

/**
 * rbd4j and one peer.
 *
 * @param rbd4j starts rbd4j's side
 * @param peerName the name of the other
 * @param peer starts it
 * @param measures what is compared
 */
public record Match(
    Supplier<Contestant> rbd4j,
    String peerName,
    Supplier<Contestant> peer,
    List<Measure> measures) {

  /** Describes a match. */
  public static Match of(
      Supplier<Contestant> rbd4j, String peerName, Supplier<Contestant> peer, Measure... measures) {
    return new Match(rbd4j, peerName, peer, List.of(measures));
  }
}
