package io.github.rbd4j.bench.report;

import java.util.Locale;

/** The findings for a terminal. */
public final class TextTable {
  private TextTable() {}

  /** The table. */
  public static String of(Findings findings) {
    StringBuilder text = new StringBuilder();
    text.append(
        line("row", "peer", "rbd4j", "peer", "unit", "ratio", "spread", "pairs", "bar", ""));
    for (Result result : findings.results()) {
      text.append(
          line(
              result.name(),
              result.peerName(),
              Numbers.of(result.rbd4j()),
              Numbers.of(result.peer()),
              result.unit(),
              Numbers.ratio(result.ratio()),
              Numbers.ratio(result.spread()),
              result.pairs(),
              result.bar(),
              result.verdict()));
    }
    for (Failure failure : findings.failures()) {
      text.append(failure.name() + " / " + failure.peerName() + " failed: " + failure.failure())
          .append('\n');
    }
    return text.toString();
  }

  private static String line(Object... cells) {
    return String.format(Locale.ROOT, "%-27s %-40s %11s %11s %-10s %7s %7s %5s  %-24s %s%n", cells);
  }
}
