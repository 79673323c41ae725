package io.github.rbd4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.jmh.Jmh;
import io.github.rbd4j.bench.report.Findings;
import io.github.rbd4j.bench.report.JmhResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row runs, if only for an instant; what it measures then means nothing. */
class RowsIT {
  private static final Settings INSTANT =
      new Settings(1, Duration.ofMillis(5), Duration.ofMillis(6), 16 << 20, 16 << 20);

  @TempDir static Path folder;
  private static Laboratory laboratory;

  @BeforeAll
  static void open() {
    laboratory = new Laboratory(folder, INSTANT.imageBytes());
  }

  @AfterAll
  static void close() {
    laboratory.close();
  }

  static Stream<Named<Row>> rows() {
    return new Rows(laboratory, INSTANT.transferBytes())
        .all().stream().map(row -> Named.of(row.name(), row));
  }

  private static Row row(String name) {
    return rows()
        .map(Named::getPayload)
        .filter(row -> row.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void rowRuns(Row row) {
    Findings findings = new Runner(INSTANT).run(row);

    assertThat(findings.failures()).isEmpty();
    assertThat(findings.results())
        .hasSize(row.matches().stream().mapToInt(match -> match.measures().size()).sum())
        .allSatisfy(
            result -> {
              assertThat(result.row()).isEqualTo(row.name());
              if (!result.unit().equals("bytes/op")) {
                assertThat(result.rbd4j()).isPositive().isFinite();
                assertThat(result.peer()).isPositive().isFinite();
              }
            });
  }

  @Test
  void cachedReadsReachNoOsd() {
    Match match = row("cached-read").matches().getFirst();

    assertThat(readsOfOsdPerOperation(match.rbd4j())).as("rbd4j").isLessThan(0.01);
    assertThat(readsOfOsdPerOperation(match.peer())).as("C").isLessThan(0.01);
  }

  private static double readsOfOsdPerOperation(Supplier<Contestant> reader) {
    Duration length = Duration.ofMillis(300);
    try (Contestant contestant = reader.get()) {
      contestant.turn(length); // reads every block once
      long before = laboratory.readsOfOsd();
      long operations = contestant.turn(length).operations();
      return (double) (laboratory.readsOfOsd() - before) / operations;
    }
  }

  @Test
  void profileNamesTheLibraries() {
    assertThat(new Profiler(laboratory).profile(row("randread-4k-qd1")))
        .contains("randread-4k-qd1", "== rbd4j", "== C", "librbd");
  }

  @Test
  void namesAreUnique() {
    assertThat(rows().map(Named::getName)).doesNotHaveDuplicates();
  }

  @Test
  void jmhRuns() throws Exception {
    assertThat(Jmh.run(laboratory, "1", "0", "1", "10ms"))
        .extracting(JmhResult::name)
        .contains(
            "readAtNative",
            "readAtHeap",
            "writeAtNative",
            "writeAtHeap",
            "asyncRead",
            "asyncWrite",
            "asyncReadOnExecutor",
            "diffExtent");
  }
}
