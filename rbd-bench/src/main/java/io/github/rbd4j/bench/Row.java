package io.github.rbd4j.bench;

import java.util.List;

/**
 * One thing that is measured.
 *
 * @param name its name: {@code randread-4k-qd32}
 * @param what it in a few words
 * @param matches rbd4j against each peer
 */
public record Row(String name, String what, List<Match> matches) {
  /** Describes a row. */
  public static Row of(String name, String what, Match... matches) {
    return new Row(name, what, List.of(matches));
  }
}
