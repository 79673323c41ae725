package io.github.rbd4j.internal;

import io.github.rbd4j.AsyncOptions;
import java.io.InterruptedIOException;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** What those have in common who wait for asynchronous operations. */
public final class Pipelines {
  private Pipelines() {}

  /**
   * How this library waits for operations of its own. Their futures depend on nobody's executor,
   * and are done only when librbd is done with their memory, which can so be used again: also an
   * image that is being closed waits for that.
   */
  public static AsyncOptions options(int depth) {
    return AsyncOptions.defaults()
        .queueDepth(depth)
        .drainTimeout(ChronoUnit.FOREVER.getDuration())
        .executor(Thread::startVirtualThread);
  }

  /**
   * Waits for an operation and throws what it failed with.
   *
   * @throws InterruptedIOException if this thread was interrupted while it waited for a place
   */
  public static <T> T await(CompletableFuture<T> future) throws InterruptedIOException {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof InterruptedException) {
        throw interrupted();
      }
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
      throw interrupted();
    }
  }

  private static InterruptedIOException interrupted() {
    return new InterruptedIOException("the thread was interrupted");
  }
}
