package io.github.rbd4j.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Long calls of librbd that it cannot do asynchronously. On a virtual thread such a call would hold
 * a carrier until it is done, and what it waits for can be a listener that needs one.
 */
public final class OffCarrier {
  private OffCarrier() {}

  /**
   * Makes a call: on this thread, or, if that is virtual, on a platform thread while this parks.
   */
  public static void run(Runnable call) {
    if (!Thread.currentThread().isVirtual()) {
      call.run();
      return;
    }
    try {
      CompletableFuture.runAsync(call, Thread.ofPlatform().daemon().name("rbd4j-call")::start)
          .join();
    } catch (CompletionException e) {
      throw OffCarrier.<RuntimeException>sneaky(e.getCause());
    }
  }

  /** What a listener of the user threw can be anything. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T sneaky(@Nullable Throwable thrown) throws T {
    throw (T) thrown;
  }
}
