package io.github.rbd4j.bench.contestant;

import com.google.gson.Gson;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * A program that lives as long as its row and works when it is told to, so that what it needs to
 * get warm is not measured. It says {@code ready}; it answers each line {@code go MILLISECONDS}
 * with a {@link Sample} as a line of JSON; it ends when its input does.
 */
public final class LongRunner implements Contestant {
  private final CommandProcess process;

  /** Starts it. */
  public LongRunner(Command command) {
    process = new CommandProcess(command);
    process.await("ready");
  }

  @Override
  public Sample turn(Duration length) {
    process.say("go " + length.toMillis());
    return new Gson().fromJson(process.await("{"), Sample.class);
  }

  @Override
  public OptionalLong process() {
    return OptionalLong.of(process.id());
  }

  @Override
  public void close() {
    process.close();
  }
}
