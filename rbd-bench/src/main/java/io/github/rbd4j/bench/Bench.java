package io.github.rbd4j.bench;

import io.github.rbd4j.bench.jmh.Jmh;
import io.github.rbd4j.bench.report.BenchJson;
import io.github.rbd4j.bench.report.Environment;
import io.github.rbd4j.bench.report.JmhResult;
import io.github.rbd4j.bench.report.PerformancePage;
import io.github.rbd4j.bench.report.Result;
import io.github.rbd4j.bench.report.TextTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code [--quick] [--row NAME]}, run by {@code bin/bench} in the folder of the project: runs the
 * benchmark, prints the table, writes {@code rbd-bench/target/bench.json} and, when all rows were
 * run, {@code docs/performance.md}.
 */
final class Bench {
  private static final Path TARGET = Path.of("rbd-bench", "target");

  private Bench() {}

  /** Runs it. */
  public static void main(String[] arguments) throws IOException {
    boolean quick = false;
    String only = null;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--quick" -> quick = true;
        case "--row" -> only = arguments[++i];
        default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
      }
    }
    run(quick, only);
  }

  private static void run(boolean quick, @Nullable String only) throws IOException {
    Settings settings = quick ? Settings.quick() : Settings.full();
    Path folder = Files.createTempDirectory("rbd4j-bench-");
    try (Laboratory laboratory = new Laboratory(folder, settings.imageBytes())) {
      List<Row> rows = new Rows(laboratory).all();
      List<Row> chosen =
          only == null ? rows : rows.stream().filter(row -> row.name().equals(only)).toList();
      if (chosen.isEmpty()) {
        throw new IllegalArgumentException(
            "no row " + only + "; there are " + rows.stream().map(Row::name).toList());
      }
      List<Result> results = measure(new Runner(settings), chosen);
      List<JmhResult> jmh = only == null ? Jmh.run(laboratory, quick) : List.of();
      System.out.print(TextTable.of(results));
      jmh.forEach(result -> System.out.println("JMH " + result));
      BenchJson.write(TARGET.resolve("bench.json"), results);
      if (only == null) {
        new PerformancePage(
                Environment.ofThisMachine(settings.pairs(), settings.turn()), results, jmh)
            .write(Path.of("docs"));
      }
    } finally {
      delete(folder);
    }
  }

  private static List<Result> measure(Runner runner, List<Row> rows) {
    List<Result> all = new ArrayList<>();
    for (Row row : rows) {
      System.out.println("bench: " + row.name() + ": " + row.what());
      List<Result> results = runner.run(row);
      System.out.print(TextTable.of(results));
      all.addAll(results);
    }
    return all;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
