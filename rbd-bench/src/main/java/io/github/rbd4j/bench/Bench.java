package io.github.rbd4j.bench;

import io.github.rbd4j.bench.jmh.Jmh;
import io.github.rbd4j.bench.report.BenchJson;
import io.github.rbd4j.bench.report.Environment;
import io.github.rbd4j.bench.report.Findings;
import io.github.rbd4j.bench.report.JmhResult;
import io.github.rbd4j.bench.report.Missed;
import io.github.rbd4j.bench.report.PerformancePage;
import io.github.rbd4j.bench.report.TextTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code [--quick] [--row NAME] [--profile NAME]}, run by {@code bin/bench} in the folder of the
 * project: runs the benchmark, prints the table and writes {@code rbd-bench/target/bench.json},
 * after each row, so that what was measured is kept. A full run of all rows also writes {@code
 * docs/performance.md}. The exit status is 1 if something could not be measured.
 */
final class Bench {
  private static final Path JSON = Path.of("rbd-bench", "target", "bench.json");
  private static final Path DOCS = Path.of("docs");

  private final Settings settings;
  private final Laboratory laboratory;
  private final List<Row> rows;

  private Bench(Settings settings, Laboratory laboratory) {
    this.settings = settings;
    this.laboratory = laboratory;
    this.rows = new Rows(laboratory, settings.transferBytes()).all();
  }

  /** Runs it. */
  public static void main(String[] arguments) throws IOException {
    boolean quick = false;
    String only = null;
    String profiled = null;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--quick" -> quick = true;
        case "--row" -> only = arguments[++i];
        case "--profile" -> profiled = arguments[++i];
        default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
      }
    }
    long start = System.nanoTime();
    boolean complete = run(quick, only, profiled);
    System.out.println("bench: all of it took " + since(start));
    System.exit(complete ? 0 : 1);
  }

  private static boolean run(boolean quick, @Nullable String only, @Nullable String profiled)
      throws IOException {
    Settings settings = quick ? Settings.quick() : Settings.full();
    Path folder = Files.createTempDirectory("rbd4j-bench-");
    try (Laboratory laboratory = new Laboratory(folder, settings.imageBytes())) {
      Bench bench = new Bench(settings, laboratory);
      if (profiled != null) {
        bench.profile(bench.row(profiled));
        return true;
      }
      if (only != null) {
        return bench.measure(List.of(bench.row(only))).failures().isEmpty();
      }
      return bench.measureAll(quick);
    } finally {
      delete(folder);
    }
  }

  private Row row(String name) {
    return rows.stream()
        .filter(row -> row.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no row " + name + "; there are " + rows.stream().map(Row::name).toList()));
  }

  private void profile(Row row) throws IOException {
    Path folder = Files.createDirectories(DOCS.resolve("performance"));
    String text = new Profiler(laboratory).profile(row);
    System.out.print(text);
    Files.writeString(folder.resolve(row.name() + ".txt"), text);
  }

  private boolean measureAll(boolean quick) throws IOException {
    Findings findings = measure(rows);
    List<JmhResult> jmh = Jmh.run(laboratory, quick);
    System.out.print(TextTable.of(findings));
    jmh.forEach(result -> System.out.println("JMH " + result));
    if (!quick) {
      new PerformancePage(
              Environment.ofThisMachine(settings.pairs(), settings.turn()), findings, jmh)
          .write(DOCS);
    }
    return findings.failures().isEmpty();
  }

  private Findings measure(List<Row> chosen) throws IOException {
    Runner runner = new Runner(settings);
    Findings all = Findings.none();
    for (Row row : chosen) {
      System.out.println("bench: " + row.name() + ": " + row.what());
      long start = System.nanoTime();
      Findings found = runner.run(row);
      System.out.print(TextTable.of(found));
      System.out.println("bench: " + row.name() + " took " + since(start));
      all = all.plus(found);
      BenchJson.write(JSON, all);
    }
    new Missed(all.results())
        .unexplained()
        .forEach(
            row -> System.out.println("bench: " + row + " misses a bar, and nobody says why yet"));
    return all;
  }

  private static String since(long start) {
    Duration time = Duration.ofNanos(System.nanoTime() - start);
    return time.toMinutes() + " min " + time.toSecondsPart() + " s";
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
