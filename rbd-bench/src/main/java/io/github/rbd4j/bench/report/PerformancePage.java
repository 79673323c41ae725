package io.github.rbd4j.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The page {@code docs/performance.md} with its plots. What people wrote of it is in {@code
 * performance.md} among the resources; here the numbers are put into it.
 *
 * @param environment on what was measured
 * @param findings the table
 * @param jmh the results of JMH
 */
public record PerformancePage(Environment environment, Findings findings, List<JmhResult> jmh) {
  /** Writes the page and the plots below the folder of the documentation. */
  public void write(Path docs) throws IOException {
    Path plots = Files.createDirectories(docs.resolve("performance"));
    Files.writeString(
        plots.resolve("speed.svg"),
        plot("Speed: rbd4j divided by its peer (more is better)", true).svg());
    Files.writeString(
        plots.resolve("cost.svg"),
        plot("Time and processor time: rbd4j divided by its peer (less is better)", false).svg());
    Files.writeString(docs.resolve("performance.md"), text(plots));
  }

  private RatioPlot plot(String title, boolean higherIsBetter) {
    return new RatioPlot(
        title,
        findings.results().stream()
            .filter(result -> result.higherIsBetter() == higherIsBetter)
            .toList());
  }

  private String text(Path performance) {
    return template()
        .replace("${environment}", environment.text())
        .replace("${table}", table())
        .replace("${jmh}", jmhTable())
        .replace("${rows}", rows())
        .replace("${missed}", new Missed(findings.results()).text(performance));
  }

  private String table() {
    return "| row | unit | rbd4j | peer | | ratio | spread | bar | |\n"
        + "|---|---|---:|---:|---|---:|---:|---|---|\n"
        + Stream.concat(
                findings.results().stream().map(PerformancePage::row),
                findings.failures().stream().map(PerformancePage::row))
            .collect(Collectors.joining("\n"));
  }

  private static String row(Result result) {
    return row(
        "`" + result.name() + "`",
        result.unit(),
        Numbers.of(result.rbd4j()),
        Numbers.of(result.peer()),
        result.peerName(),
        Numbers.ratio(result.ratio()),
        Numbers.ratio(result.spread()),
        result.bar(),
        result.verdict());
  }

  private static String row(Failure failure) {
    return row("`" + failure.name() + "`", "", "", "", failure.peerName(), "", "", "", "failed");
  }

  private String jmhTable() {
    return "| benchmark | ns/op | ± | bytes/op |\n|---|---:|---:|---:|\n"
        + jmh.stream()
            .map(
                result ->
                    row(
                        "`" + result.name() + "`",
                        Numbers.of(result.nanoseconds()),
                        Numbers.of(result.error()),
                        Numbers.of(Math.round(result.bytes() * 100) / 100.0)))
            .collect(Collectors.joining("\n"));
  }

  /** What each row is. */
  private String rows() {
    return findings.results().stream()
        .map(result -> "- `" + result.row() + "`: " + result.what())
        .distinct()
        .collect(Collectors.joining("\n"));
  }

  private static String row(String... cells) {
    return "| " + String.join(" | ", cells) + " |";
  }

  private static String template() {
    try (InputStream in =
        Objects.requireNonNull(
            PerformancePage.class.getResourceAsStream("/io/github/rbd4j/bench/performance.md"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
