package io.github.rbd4j.bench.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The bars that are missed, and why. The reasons are among the resources, one text for each row:
 * {@code missed/ROW.md}. What {@code bin/bench --profile ROW} wrote is linked.
 */
public final class Missed {
  static final String UNEXPLAINED = "Nobody has found out why.";

  private final List<Result> missed;

  /** Those among the results. */
  public Missed(List<Result> results) {
    this.missed = results.stream().filter(result -> Boolean.FALSE.equals(result.met())).toList();
  }

  /** The rows of which nobody has written why they miss a bar. */
  public List<String> unexplained() {
    return rows().stream().filter(row -> reason(row).isEmpty()).toList();
  }

  private List<String> rows() {
    return missed.stream().map(Result::row).distinct().toList();
  }

  /** The section of the page, for plots and profiles in that folder. */
  String text(Path performance) {
    if (missed.isEmpty()) {
      return "No bar is missed.";
    }
    return rows().stream()
        .map(row -> section(row, performance))
        .collect(Collectors.joining("\n\n"));
  }

  private String section(String row, Path performance) {
    String lines =
        missed.stream()
            .filter(result -> result.row().equals(row))
            .map(Missed::line)
            .collect(Collectors.joining("\n"));
    String profile =
        Files.exists(performance.resolve(row + ".txt"))
            ? "\n\nWhere its processor time goes: [profile](performance/" + row + ".txt)."
            : "";
    return "### " + row + "\n\n" + lines + "\n\n" + reason(row).orElse(UNEXPLAINED) + profile;
  }

  private static String line(Result result) {
    return "- `%s`, %s: %s to %s %s, ratio %s; bar: %s; %d of %d pairs meet it"
        .formatted(
            result.name(),
            result.peerName(),
            Numbers.of(result.rbd4j()),
            Numbers.of(result.peer()),
            result.unit(),
            Numbers.ratio(result.ratio()),
            result.bar(),
            result.pairsMet(),
            result.pairs());
  }

  private static Optional<String> reason(String row) {
    try (InputStream in =
        Missed.class.getResourceAsStream("/io/github/rbd4j/bench/missed/" + row + ".md")) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
