package io.github.rbd4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.bench.jmh.Jmh;
import io.github.rbd4j.bench.report.JmhResult;
import io.github.rbd4j.bench.report.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
      new Settings(1, Duration.ofMillis(5), Duration.ofMillis(6), 16 << 20);

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
    return new Rows(laboratory).all().stream().map(row -> Named.of(row.name(), row));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void rowRuns(Row row) {
    List<Result> results = new Runner(INSTANT).run(row);

    assertThat(results)
        .hasSize(row.matches().stream().mapToInt(match -> match.measures().size()).sum())
        .allSatisfy(
            result -> {
              assertThat(result.name()).startsWith(row.name());
              if (!result.unit().equals("bytes/op")) {
                assertThat(result.rbd4j()).isPositive().isFinite();
                assertThat(result.peer()).isPositive().isFinite();
              }
            });
  }

  @Test
  void namesAreUnique() {
    assertThat(rows().map(Named::getName)).doesNotHaveDuplicates();
  }

  @Test
  void jmhRuns() throws Exception {
    assertThat(Jmh.run(laboratory, "1", "0", "1", "10ms"))
        .extracting(JmhResult::name)
        .contains("readAtNative", "readAtHeap", "diffExtent");
  }
}
