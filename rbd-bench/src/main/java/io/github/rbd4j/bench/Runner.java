package io.github.rbd4j.bench;

import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.contestant.Sample;
import io.github.rbd4j.bench.report.Failure;
import io.github.rbd4j.bench.report.Findings;
import io.github.rbd4j.bench.report.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs matches. The two sides take turns, and who begins changes with each pair, so that whatever
 * else the machine does meets both alike; only turns that lie side by side are compared.
 */
final class Runner {
  private static final int WARM_UP_TURNS = 6;

  private final Settings settings;

  Runner(Settings settings) {
    this.settings = settings;
  }

  /** The results of a row, one for each metric of each match; a match that fails stops no other. */
  Findings run(Row row) {
    Findings findings = Findings.none();
    for (Match match : row.matches()) {
      findings = findings.plus(run(row, match));
    }
    return findings;
  }

  private Findings run(Row row, Match match) {
    try {
      return new Findings(measure(row, match), List.of());
    } catch (RuntimeException failed) {
      return new Findings(
          List.of(), List.of(new Failure(row.name(), match.peerName(), failed.toString())));
    }
  }

  private List<Result> measure(Row row, Match match) {
    List<Sample> ours = new ArrayList<>();
    List<Sample> theirs = new ArrayList<>();
    try (Contestant rbd4j = match.rbd4j().get();
        Contestant peer = match.peer().get()) {
      warmUp(rbd4j);
      warmUp(peer);
      for (int pair = 0; pair < settings.pairs(); pair++) {
        if (pair % 2 == 0) {
          ours.add(rbd4j.turn(settings.turn()));
          theirs.add(peer.turn(settings.turn()));
        } else {
          theirs.add(peer.turn(settings.turn()));
          ours.add(rbd4j.turn(settings.turn()));
        }
      }
    }
    return match.measures().stream()
        .map(measure -> result(row, match.peerName(), measure, ours, theirs))
        .toList();
  }

  /**
   * Several turns: a method that is entered again is compiled better than a loop that goes on. Who
   * cannot do a short turn does fewer.
   */
  private void warmUp(Contestant contestant) {
    Duration part = settings.warmUp().dividedBy(WARM_UP_TURNS);
    long end = System.nanoTime() + settings.warmUp().toNanos();
    for (int i = 0; i < WARM_UP_TURNS && (i == 0 || System.nanoTime() - end < 0); i++) {
      contestant.turn(part);
    }
  }

  private static Result result(
      Row row, String peerName, Measure measure, List<Sample> ours, List<Sample> theirs) {
    Metric metric = measure.metric();
    Comparison comparison = new Comparison(values(metric, ours), values(metric, theirs));
    @Nullable Predicate<Comparison> bar = measure.bar().isMet();
    return new Result(
        row.name() + metric.suffix(),
        row.name(),
        row.what(),
        metric.unit(),
        comparison.rbd4j(),
        comparison.peer(),
        peerName,
        finite(comparison.ratio()),
        finite(comparison.spread()),
        ours.size(),
        metric.higherIsBetter(),
        comparison.difference(),
        measure.bar().text(),
        bar == null ? null : (Boolean) bar.test(comparison),
        bar == null ? null : (Integer) (int) comparison.pairs().filter(bar).count(),
        Arrays.stream(comparison.ratios()).filter(Double::isFinite).toArray());
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? (Double) value : null;
  }

  private static double[] values(Metric metric, List<Sample> samples) {
    return samples.stream().mapToDouble(metric.of()).toArray();
  }
}
