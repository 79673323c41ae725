package io.github.rbd4j.bench;

import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.contestant.Sample;
import io.github.rbd4j.bench.report.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

  /** The results of a row, one for each metric of each match. */
  List<Result> run(Row row) {
    List<Result> results = new ArrayList<>();
    for (Match match : row.matches()) {
      results.addAll(run(row, match));
    }
    return results;
  }

  private List<Result> run(Row row, Match match) {
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

  /** Several turns: a method that is entered again is compiled better than a loop that goes on. */
  private void warmUp(Contestant contestant) {
    Duration part = settings.warmUp().dividedBy(WARM_UP_TURNS);
    for (int i = 0; i < WARM_UP_TURNS; i++) {
      contestant.turn(part);
    }
  }

  private static Result result(
      Row row, String peerName, Measure measure, List<Sample> ours, List<Sample> theirs) {
    Metric metric = measure.metric();
    Comparison comparison = new Comparison(values(metric, ours), values(metric, theirs));
    @Nullable Boolean met =
        measure.bar().isMet() == null ? null : measure.bar().isMet().test(comparison);
    return new Result(
        row.name() + metric.suffix(),
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
        met,
        Arrays.stream(comparison.ratios()).filter(Double::isFinite).toArray());
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? (Double) value : null;
  }

  private static double[] values(Metric metric, List<Sample> samples) {
    return samples.stream().mapToDouble(metric.of()).toArray();
  }
}
