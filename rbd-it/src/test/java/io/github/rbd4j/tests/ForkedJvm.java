package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A JVM of its own for a test. That it did not crash is checked at its end. */
final class ForkedJvm {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Path folder;
  private final Process process;

  /** How it ended and what it wrote. */
  record Result(int status, String output, String errors) {}

  private ForkedJvm(Path folder, Process process) {
    this.folder = folder;
    this.process = process;
  }

  /** The Java that runs the test. */
  static final Path OWN_HOME = Path.of(System.getProperty("java.home"));

  /** The class path of this JVM, as an option. */
  static List<String> onClassPath() {
    return List.of("-cp", System.getProperty("java.class.path"));
  }

  /** Starts the Java that runs the test. */
  static ForkedJvm start(
      Path folder, Map<String, String> environment, List<String> options, String... command)
      throws IOException {
    return start(OWN_HOME, folder, environment, options, command);
  }

  /**
   * Starts one.
   *
   * @param home the Java to run
   * @param folder an empty folder for its output and for what a crash leaves
   * @param environment variables besides those of this process
   * @param options options of the JVM, with the class path
   * @param command the main class and its arguments
   */
  static ForkedJvm start(
      Path home,
      Path folder,
      Map<String, String> environment,
      List<String> options,
      String... command)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(home.resolve("bin/java").toString());
    line.add("-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"));
    line.add("-XX:-CreateCoredumpOnCrash");
    line.addAll(options);
    line.addAll(List.of(command));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve("output").toFile())
            .redirectError(folder.resolve("errors").toFile());
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    return new ForkedJvm(folder, builder.start());
  }

  /** Waits until it has written a line. */
  void awaitOutput(String line) throws IOException, InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!output().contains(line)) {
      assertThat(process.isAlive()).as("the JVM runs%n%s", errors()).isTrue();
      assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
      Thread.sleep(10);
    }
  }

  /** Its process. */
  long pid() {
    return process.pid();
  }

  /** Sends SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** Sends SIGKILL and waits for the end. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits for the end, which comes within a minute. */
  Result end() throws IOException, InterruptedException {
    return end(LIMIT);
  }

  /** Waits for the end of one that has much to do. */
  Result end(Duration limit) throws IOException, InterruptedException {
    if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError("the JVM does not end\n" + output() + errors());
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .as("files of a JVM that must not crash%n%s", errors())
          .containsExactlyInAnyOrder("output", "errors");
    }
    return new Result(process.exitValue(), output(), errors());
  }

  String output() throws IOException {
    return Files.readString(folder.resolve("output"));
  }

  String errors() throws IOException {
    return Files.readString(folder.resolve("errors"));
  }
}
