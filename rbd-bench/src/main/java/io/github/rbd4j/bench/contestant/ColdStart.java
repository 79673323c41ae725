package io.github.rbd4j.bench.contestant;

import java.time.Duration;

/** A program that is started anew for each turn: measured is the time until it says so. */
public record ColdStart(Command command, String sign) implements Contestant {
  @Override
  public Sample turn(Duration length) {
    long start = System.nanoTime();
    try (CommandProcess process = new CommandProcess(command)) {
      process.await(sign);
      double seconds = (System.nanoTime() - start) * 1e-9;
      process.awaitEnd();
      return new Sample(1, seconds, Double.NaN, 0);
    }
  }

  @Override
  public void close() {}
}
