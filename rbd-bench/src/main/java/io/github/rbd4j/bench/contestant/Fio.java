package io.github.rbd4j.bench.contestant;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** fio with its engine for rbd, started anew for each turn; it measures itself. */
public final class Fio implements Contestant {
  /** Others are warm when their turn begins. */
  private static final int RAMP_MILLISECONDS = 300;

  private final Command command;
  private final String direction;

  /**
   * Describes a run.
   *
   * @param command fio and what to work on
   * @param pattern {@code randread}, {@code randwrite}, {@code read} or {@code write}
   */
  public Fio(Command command, String pattern, long blockSize, int depth) {
    List<String> line = new ArrayList<>(command.line());
    line.addAll(
        List.of(
            "--name=bench",
            "--output-format=json",
            "--time_based",
            "--ramp_time=" + RAMP_MILLISECONDS + "ms",
            "--norandommap",
            "--randrepeat=0",
            "--rw=" + pattern,
            "--bs=" + blockSize,
            "--iodepth=" + depth));
    this.command = new Command(command.folder(), command.environment(), line);
    this.direction = pattern.endsWith("read") ? "read" : "write";
  }

  @Override
  public Sample turn(Duration length) {
    List<String> line = new ArrayList<>(command.line());
    line.add("--runtime=" + length.toMillis() + "ms");
    try (CommandProcess process =
        new CommandProcess(new Command(command.folder(), command.environment(), line))) {
      String output = process.awaitEnd();
      JsonObject job =
          JsonParser.parseString(output.substring(output.indexOf('{')))
              .getAsJsonObject()
              .getAsJsonArray("jobs")
              .get(0)
              .getAsJsonObject()
              .getAsJsonObject(direction);
      return new Sample(
          job.get("total_ios").getAsLong(), job.get("runtime").getAsLong() * 1e-3, Double.NaN, 0);
    }
  }

  @Override
  public void close() {}
}
