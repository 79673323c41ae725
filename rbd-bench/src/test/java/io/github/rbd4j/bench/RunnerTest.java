package io.github.rbd4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.contestant.Sample;
import io.github.rbd4j.bench.report.Findings;
import io.github.rbd4j.bench.report.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunnerTest {
  private static final Settings SETTINGS =
      new Settings(3, Duration.ofMillis(7), Duration.ofMinutes(1), 0, 0);

  private final List<String> events = new ArrayList<>();

  private final class Scripted implements Contestant {
    private final String name;
    private final Sample sample;

    Scripted(String name, Sample sample) {
      this.name = name;
      this.sample = sample;
    }

    @Override
    public Sample turn(Duration length) {
      events.add(name + " " + length.toMillis());
      return sample;
    }

    @Override
    public void close() {
      events.add(name + " closed");
    }
  }

  @Test
  void whoBeginsChangesWithEachPair() {
    Row row =
        Row.of(
            "row",
            "what",
            Match.of(
                () -> new Scripted("rbd4j", new Sample(30, 2, 0.3, 60)),
                "C",
                () -> new Scripted("C", new Sample(10, 1, 0.2, 0)),
                new Measure(Metric.throughput(), Bar.ratioAtLeast(1.5)),
                new Measure(Metric.clientCpu(), Bar.none()),
                new Measure(Metric.allocation(), Bar.atMost(1))));

    List<Result> results = new Runner(SETTINGS).run(row).results();

    assertThat(events.subList(0, 12)).as("warm-up").containsOnly("rbd4j 10000", "C 10000");
    assertThat(events.subList(12, events.size()))
        .containsExactly(
            "rbd4j 7", "C 7", "C 7", "rbd4j 7", "rbd4j 7", "C 7", "C closed", "rbd4j closed");
    assertThat(results)
        .extracting(Result::name, Result::unit, Result::rbd4j, Result::peer, Result::met)
        .containsExactly(
            tuple("row", "ops/s", 15.0, 10.0, true),
            tuple("row-cpu", "µs CPU/op", 10000.0, 20000.0, null),
            tuple("row-allocation", "bytes/op", 2.0, 0.0, false));
    assertThat(results).extracting(Result::row).containsOnly("row");
    assertThat(results).extracting(Result::pairs).containsOnly(3);
    assertThat(results).extracting(Result::pairsMet).containsExactly(3, null, 0);
    assertThat(results.get(0).ratio()).isEqualTo(1.5);
    assertThat(results.get(2).ratio()).as("a division by 0").isNull();
  }

  @Test
  void aPeerThatFailsStopsNoOther() {
    Sample sample = new Sample(30, 2, 0.3, 60);
    Measure measure = new Measure(Metric.throughput(), Bar.none());
    Row row =
        Row.of(
            "row",
            "what",
            Match.of(
                () -> new Scripted("rbd4j", sample),
                "Python",
                () -> {
                  throw new IllegalStateException("no python3");
                },
                measure),
            Match.of(
                () -> new Scripted("rbd4j", sample),
                "C",
                () -> new Scripted("C", sample),
                measure));

    Findings findings = new Runner(SETTINGS).run(row);

    assertThat(findings.results()).extracting(Result::peerName).containsExactly("C");
    assertThat(findings.failures())
        .singleElement()
        .satisfies(
            failure -> {
              assertThat(failure.name()).isEqualTo("row");
              assertThat(failure.peerName()).isEqualTo("Python");
              assertThat(failure.failure()).contains("no python3");
            });
    assertThat(events).as("who had started is closed").startsWith("rbd4j closed");
  }
}
