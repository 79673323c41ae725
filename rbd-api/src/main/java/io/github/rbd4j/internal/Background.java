package io.github.rbd4j.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Blocking calls as futures. Such a call runs on a virtual thread of its own, where it is an
 * asynchronous call of librbd if that has one: the thread parks until librbd calls back, and owns
 * the memory of the call until then, whatever becomes of the future.
 */
public final class Background {
  private Background() {}

  /** Makes a call whose result nobody has to release. */
  public static <T> CompletableFuture<T> call(
      Executor executor, Supplier<? extends @Nullable T> blocking) {
    return call(executor, blocking, _ -> {});
  }

  /**
   * Makes a call.
   *
   * @param executor runs what depends on the future
   * @param blocking the call
   * @param unwanted is given the result if the future was cancelled or completed meanwhile
   */
  public static <T> CompletableFuture<T> call(
      Executor executor,
      Supplier<? extends @Nullable T> blocking,
      Consumer<? super @Nullable T> unwanted) {
    CompletableFuture<T> future = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("rbd4j-call")
        .start(
            () -> {
              @Nullable T value;
              try {
                value = blocking.get();
              } catch (Throwable thrown) { // whatever it is, it belongs to who waits
                executeAnyhow(executor, () -> future.completeExceptionally(thrown));
                return;
              }
              if (future.isDone()) {
                unwanted.accept(value);
                return;
              }
              executeAnyhow(
                  executor,
                  () -> {
                    if (!future.complete(value)) {
                      unwanted.accept(value);
                    }
                  });
            });
    return future;
  }

  /** Runs a task on an executor, or on a virtual thread of its own if the executor refuses it. */
  public static void executeAnyhow(Executor executor, Runnable task) {
    try {
      executor.execute(task);
    } catch (RuntimeException refused) { // it was shut down, but somebody waits for the task
      var _ = Thread.startVirtualThread(task);
    }
  }
}
