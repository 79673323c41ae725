package io.github.rbd4j.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine with a time limit. */
public final class CommandLine {
  private CommandLine() {}

  /** What a program did. */
  public static final class Result {
    private final int status;
    private final byte[] output;
    private final String errors;

    private Result(int status, byte[] output, String errors) {
      this.status = status;
      this.output = output;
      this.errors = errors;
    }

    /**
     * How it ended.
     *
     * @return its exit status
     */
    public int status() {
      return status;
    }

    /**
     * What it wrote to its standard output.
     *
     * @return the bytes
     */
    public byte[] output() {
      return output.clone();
    }

    /**
     * What it wrote to its standard output, as text.
     *
     * @return the text
     */
    public String text() {
      return new String(output, StandardCharsets.UTF_8);
    }

    /**
     * What it wrote to its standard error.
     *
     * @return the text
     */
    public String errors() {
      return errors;
    }
  }

  /**
   * Runs a program to its end.
   *
   * @param limit how long it may take
   * @param environment variables to set, besides those of this process
   * @param command the program and its arguments
   * @return what it did
   * @throws IllegalStateException if it takes too long; it is killed then
   */
  public static Result run(Duration limit, Map<String, String> environment, List<String> command) {
    return run(limit, environment, command, new byte[0]);
  }

  /**
   * Runs a program to its end and gives it input.
   *
   * @param limit how long it may take
   * @param environment variables to set, besides those of this process
   * @param command the program and its arguments
   * @param input what it reads from its standard input
   * @return what it did
   * @throws IllegalStateException if it takes too long; it is killed then
   */
  public static Result run(
      Duration limit, Map<String, String> environment, List<String> command, byte[] input) {
    try {
      Path in = Files.createTempFile("rbd4j-", ".in");
      Path out = Files.createTempFile("rbd4j-", ".out");
      Path err = Files.createTempFile("rbd4j-", ".err");
      try {
        Files.write(in, input);
        ProcessBuilder builder =
            new ProcessBuilder(new ArrayList<>(command))
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException(command + " did not end within " + limit);
        }
        return new Result(process.exitValue(), Files.readAllBytes(out), Files.readString(err));
      } finally {
        Files.deleteIfExists(in);
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    }
  }
}
