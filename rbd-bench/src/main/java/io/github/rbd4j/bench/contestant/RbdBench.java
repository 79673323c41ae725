package io.github.rbd4j.bench.contestant;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code rbd bench} of Ceph's command line, started anew for each turn; it measures itself. It is
 * told how much to do, not how long, so that it does what it would have done in time the last turn.
 */
public final class RbdBench implements Contestant {
  /** With fewer it can be done in no time, and then it divides by 0. */
  private static final long LEAST = 256;

  private static final Pattern RESULT = Pattern.compile("ops: (\\d+)\\s+ops/sec: ([0-9.]+)");

  private final Command command;
  private final long blockSize;
  private double rate = 1000;

  /**
   * Describes a run.
   *
   * @param command {@code rbd}
   * @param type {@code read} or {@code write}
   * @param pattern {@code rand} or {@code seq}
   */
  public RbdBench(
      Command command, String image, String type, String pattern, long blockSize, int depth) {
    List<String> line = new ArrayList<>(command.line());
    line.addAll(
        List.of(
            "bench",
            "--io-type=" + type,
            "--io-pattern=" + pattern,
            "--io-size=" + blockSize,
            "--io-threads=" + depth,
            image));
    this.command = new Command(command.folder(), command.environment(), line);
    this.blockSize = blockSize;
  }

  @Override
  public Sample turn(Duration length) {
    long operations = Math.max(LEAST, (long) (rate * length.toMillis() / 1000));
    List<String> line = new ArrayList<>(command.line());
    line.add("--io-total=" + operations * blockSize);
    try (CommandProcess process =
        new CommandProcess(new Command(command.folder(), command.environment(), line))) {
      String output = process.awaitEnd();
      Matcher result = RESULT.matcher(output.substring(output.lastIndexOf("elapsed")));
      if (!result.find()) {
        throw new IllegalStateException("not understood: " + output);
      }
      rate = Double.parseDouble(result.group(2));
      long done = Long.parseLong(result.group(1));
      return new Sample(done, done / rate, Double.NaN, 0);
    }
  }

  @Override
  public void close() {}
}
