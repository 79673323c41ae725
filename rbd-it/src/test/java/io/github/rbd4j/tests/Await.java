package io.github.rbd4j.tests;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what happens on other threads or in other processes. */
public final class Await {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(5);

  private Await() {}

  /**
   * Runs something on a thread of its own, which may block in native code for as long as it likes.
   */
  static CompletableFuture<Void> inBackground(Runnable work) {
    return CompletableFuture.runAsync(work, task -> Thread.ofPlatform().daemon().start(task));
  }

  /** Returns as soon as the condition holds, and fails if it does not hold in time. */
  public static void until(String what, BooleanSupplier condition) {
    until(LIMIT, what, condition);
  }

  /** Returns as soon as the condition holds, and fails if it does not hold within the limit. */
  static void until(Duration limit, String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("within " + limit + " it did not happen that " + what);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }
}
