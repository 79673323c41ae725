package io.github.rbd4j.bench.contestant;

import java.time.Duration;

/** A program that does one thing and is started anew for each turn: measured is all of its life. */
public record WholeRun(Command command) implements Contestant {
  @Override
  public Sample turn(Duration length) {
    long start = System.nanoTime();
    try (CommandProcess process = new CommandProcess(command)) {
      process.awaitEnd();
    }
    return new Sample(1, (System.nanoTime() - start) * 1e-9, Double.NaN, 0);
  }

  @Override
  public void close() {}
}
