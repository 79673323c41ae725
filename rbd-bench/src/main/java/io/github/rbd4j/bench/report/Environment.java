package io.github.rbd4j.bench.report;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.stream.Stream;

/**
 * On what, and how, it was measured.
 *
 * @param text the sentence
 */
public record Environment(String text) {
  /** Of this machine. */
  public static Environment ofThisMachine(int pairs, Duration turn) throws IOException {
    return new Environment(
        "Measured on "
            + LocalDate.now(ZoneOffset.UTC)
            + " with librbd "
            + Rbd.version()
            + " and librados "
            + Cluster.libradosVersion()
            + " on a cluster of one OSD in memory, Java "
            + Runtime.version()
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors ("
            + processor()
            + "), Linux "
            + System.getProperty("os.version")
            + "; "
            + pairs
            + " pairs of turns of "
            + turn.toMillis()
            + " ms.");
  }

  private static String processor() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    }
  }
}
