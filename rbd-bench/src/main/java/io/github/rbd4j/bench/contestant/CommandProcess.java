package io.github.rbd4j.bench.contestant;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A running program that says things, line by line. It must not take longer than the limit. */
final class CommandProcess implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Command command;
  private final Path errors;
  private final Process process;
  private final BufferedReader output;

  CommandProcess(Command command) {
    try {
      this.command = command;
      this.errors = Files.createTempFile(command.folder(), "errors-", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(command.line())
              .directory(command.folder().toFile())
              .redirectError(errors.toFile());
      command.environment().forEach(builder.environment()::put);
      this.process = builder.start();
      this.output = process.inputReader(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long id() {
    return process.pid();
  }

  void say(String line) {
    try {
      process.outputWriter(StandardCharsets.UTF_8).append(line).append('\n').flush();
    } catch (IOException e) {
      throw failure("does not listen", e);
    }
  }

  /** Waits for a line that begins so, and returns it. */
  String await(String beginning) {
    return within(
        () -> {
          String line = output.readLine();
          while (line != null && !line.startsWith(beginning)) {
            line = output.readLine();
          }
          if (line == null) {
            throw new IOException("it ended without saying '" + beginning + "'");
          }
          return line;
        });
  }

  /** Waits for its end, and returns all it said. */
  String awaitEnd() {
    String all = within(output::readAllAsString);
    requireEnd();
    return all;
  }

  private <T> T within(Callable<T> reading) {
    FutureTask<T> task = new FutureTask<>(reading);
    Thread.ofVirtual().start(task);
    try {
      return task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw failure("failed or hangs", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("was interrupted", e);
    }
  }

  private void requireEnd() {
    try {
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw failure("did not end well", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("was interrupted", e);
    }
  }

  private IllegalStateException failure(String what, @Nullable Exception cause) {
    process.destroyForcibly();
    String said;
    try {
      said = Files.readString(errors);
    } catch (IOException e) {
      said = e.toString();
    }
    return new IllegalStateException(command.line() + " " + what + "\n" + said, cause);
  }

  /** Ends its input, which ends the program. */
  @Override
  public void close() {
    if (process.isAlive()) {
      try {
        process.outputWriter(StandardCharsets.UTF_8).close();
      } catch (IOException e) {
        throw failure("does not listen", e);
      }
      requireEnd();
    }
  }
}
