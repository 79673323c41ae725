package io.github.rbd4j.internal;

import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** What those have in common who wait for asynchronous operations. */
public final class Pipelines {
  private Pipelines() {}

  /** Waits for an operation and throws what it failed with. */
  public static <T> T await(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw Rethrow.asIs(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Waits until an operation is done, however it ends. */
  static void awaitEnd(CompletableFuture<?> future) {
    future.handle((_, _) -> true).join();
  }

  /** Ends a transfer whose thread was interrupted; the operations under way cannot be. */
  static void requireNotInterrupted() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("the thread was interrupted");
    }
  }
}
