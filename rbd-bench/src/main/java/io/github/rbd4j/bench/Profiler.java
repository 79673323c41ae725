package io.github.rbd4j.bench;

import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.it.CommandLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where the processor time of a contestant goes while it works: by {@code perf}, or, where that
 * cannot be used, by the flight recorder of a JVM, which sees nothing of the native libraries.
 */
final class Profiler {
  private static final Duration TURN = Duration.ofSeconds(5);
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int LIBRARIES = 8;
  private static final int FUNCTIONS = 25;
  private static final int METHODS = 30;
  private static final Pattern CODE_OF_JVM = Pattern.compile("\\[JIT] tid \\d+|perf-\\d+\\.map");

  /** Columns of perf for what was not recorded. */
  private static final Pattern EMPTY_COLUMNS = Pattern.compile("(?m)( +-)+ *$");

  private final Laboratory laboratory;
  private final boolean perf;

  Profiler(Laboratory laboratory) {
    this.laboratory = laboratory;
    this.perf = usesPerf();
  }

  private boolean usesPerf() {
    try {
      return CommandLine.run(
                  LIMIT,
                  Map.of(),
                  List.of(
                      "perf", "record", "-e", "cpu-clock", "-o", data().toString(), "sleep", "0.1"))
              .status()
          == 0;
    } catch (UncheckedIOException absent) {
      return false;
    }
  }

  private Path data() {
    return laboratory.file("perf.data");
  }

  /** The profiles of both sides of a row's first match. */
  String profile(Row row) {
    Match match = row.matches().getFirst();
    return "Where the processor time of `%s` goes (%s, %s)%n%n"
            .formatted(row.name(), row.what(), perf ? "perf, every 2 ms" : "flight recorder")
        + "== rbd4j%n%n%s%n== %s%n%n%s"
            .formatted(profile(match.rbd4j().get()), match.peerName(), profile(match.peer().get()));
  }

  private String profile(Contestant started) {
    try (Contestant contestant = started) {
      OptionalLong process = contestant.process();
      if (process.isEmpty()) {
        return "It is started anew for each turn and has no profile.\n";
      }
      String id = Long.toString(process.getAsLong());
      contestant.turn(TURN);
      boolean java = run(jdk("jcmd"), id, "VM.version").status() == 0;
      return perf ? withPerf(contestant, id, java) : withRecorder(contestant, id, java);
    }
  }

  private String withPerf(Contestant contestant, String id, boolean java) {
    Process recording =
        start(
            "perf",
            "record",
            "-q",
            "-e",
            "cpu-clock",
            "-F",
            "499",
            "-p",
            id,
            "-o",
            data().toString());
    contestant.turn(TURN);
    recording.destroy(); // SIGTERM: it writes what it has
    awaitEnd(recording);
    if (java) {
      require(run(jdk("jcmd"), id, "Compiler.perfmap"));
    }
    return report("dso", LIBRARIES) + "\n" + report("dso,symbol", FUNCTIONS);
  }

  private String report(String order, int lines) {
    String text =
        require(
                run(
                    "perf",
                    "report",
                    "--stdio",
                    "--no-children",
                    "--sort",
                    order,
                    "-i",
                    data().toString()))
            .text();
    String readable =
        EMPTY_COLUMNS
            .matcher(CODE_OF_JVM.matcher(text).replaceAll("[compiled Java]"))
            .replaceAll("");
    return first(lines, readable.lines().filter(line -> !line.isBlank() && line.charAt(0) != '#'));
  }

  private String withRecorder(Contestant contestant, String id, boolean java) {
    if (!java) {
      return "perf is not here, and it is no JVM.\n";
    }
    String file = laboratory.file("profile-" + id + ".jfr").toString();
    require(run(jdk("jcmd"), id, "JFR.start", "name=bench", "settings=profile"));
    contestant.turn(TURN);
    require(run(jdk("jcmd"), id, "JFR.stop", "name=bench", "filename=" + file));
    return Stream.of("hot-methods", "native-methods")
        .map(view -> require(run(jdk("jfr"), "view", view, file)).text())
        .map(text -> first(METHODS, text.lines().filter(line -> !line.isBlank())))
        .collect(Collectors.joining("\n"));
  }

  private static String first(int count, Stream<String> lines) {
    return lines
        .limit(count)
        .map(line -> line.stripTrailing() + "\n")
        .collect(Collectors.joining());
  }

  private static String jdk(String program) {
    return Path.of(System.getProperty("java.home"), "bin", program).toString();
  }

  private static CommandLine.Result run(String... line) {
    return CommandLine.run(LIMIT, Map.of(), List.of(line));
  }

  private static CommandLine.Result require(CommandLine.Result result) {
    if (result.status() != 0) {
      throw new IllegalStateException(result.text() + result.errors());
    }
    return result;
  }

  private static Process start(String... line) {
    try {
      return new ProcessBuilder(line)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitEnd(Process process) {
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
