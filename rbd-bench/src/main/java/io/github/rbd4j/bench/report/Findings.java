package io.github.rbd4j.bench.report;

import java.util.List;
import java.util.stream.Stream;

/**
 * What a run has found.
 *
 * @param results what was measured
 * @param failures what could not be
 */
public record Findings(List<Result> results, List<Failure> failures) {
  /** Nothing yet. */
  public static Findings none() {
    return new Findings(List.of(), List.of());
  }

  /** These, and others behind them. */
  public Findings plus(Findings others) {
    return new Findings(concat(results, others.results), concat(failures, others.failures));
  }

  private static <T> List<T> concat(List<T> first, List<T> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }
}
