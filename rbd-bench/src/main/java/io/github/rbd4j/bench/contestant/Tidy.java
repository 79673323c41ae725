package io.github.rbd4j.bench.contestant;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * A contestant after whose turns something is cleared away, which is not measured.
 *
 * @param contestant who works
 * @param clearAway what is done after each turn
 */
public record Tidy(Contestant contestant, Runnable clearAway) implements Contestant {
  @Override
  public Sample turn(Duration length) {
    Sample sample = contestant.turn(length);
    clearAway.run();
    return sample;
  }

  @Override
  public OptionalLong process() {
    return contestant.process();
  }

  @Override
  public void close() {
    contestant.close();
  }
}
