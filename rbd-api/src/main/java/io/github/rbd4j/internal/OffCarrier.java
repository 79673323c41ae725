package io.github.rbd4j.internal;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Long calls of librbd that it cannot do asynchronously. On a virtual thread such a call would hold
 * a carrier until it is done, and what it waits for can be a listener that needs one.
 */
public final class OffCarrier {
  private OffCarrier() {}

  /**
   * Makes a call: on this thread, or, if that is virtual, on a platform thread while this parks. In
   * a callback it is this thread, so that what is refused there is refused.
   */
  public static void run(Runnable call) {
    if (!Thread.currentThread().isVirtual() || Upcalls.isInsideCallback()) {
      call.run();
      return;
    }
    CompletableFuture<@Nullable Throwable> thrown = new CompletableFuture<>();
    Thread.ofPlatform().daemon().name("rbd4j-call").start(() -> thrown.complete(failureOf(call)));
    Throwable failure = thrown.join();
    if (failure != null) {
      throw Rethrow.asIs(failure);
    }
  }

  private static @Nullable Throwable failureOf(Runnable call) {
    try {
      call.run();
      return null;
    } catch (Throwable failure) { // what a listener of the user threw can be anything
      return failure;
    }
  }
}
