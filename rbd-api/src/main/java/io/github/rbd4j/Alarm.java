package io.github.rbd4j;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Has things done later: what does not depend on the executors of others, which can all be busy. A
 * thread of its own only looks at the clock; each task gets a virtual thread.
 */
final class Alarm {
  private Alarm() {}

  private static final class Clock {
    static final ScheduledThreadPoolExecutor EXECUTOR = make();

    private static ScheduledThreadPoolExecutor make() {
      ScheduledThreadPoolExecutor executor =
          new ScheduledThreadPoolExecutor(
              1, Thread.ofPlatform().daemon().name("rbd4j-alarm").factory());
      executor.setRemoveOnCancelPolicy(true); // what is cancelled keeps no memory
      return executor;
    }
  }

  /** Runs a task after some time; of more than 292 years, after these. */
  static Future<?> after(Duration time, Runnable task) {
    return Clock.EXECUTOR.schedule(
        () -> Thread.startVirtualThread(task),
        TimeUnit.NANOSECONDS.convert(time),
        TimeUnit.NANOSECONDS);
  }
}
