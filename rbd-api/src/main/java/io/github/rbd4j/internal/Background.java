package io.github.rbd4j.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
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
    CompletableFuture<T> future = new LibrbdFuture<>();
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

  /**
   * Runs a task once, whatever becomes of it: on an executor, or on a virtual thread of its own if
   * the executor fails to run it.
   */
  public static void executeAnyhow(Executor executor, Runnable task) {
    Once once = new Once(task);
    try {
      executor.execute(once);
    } catch (Throwable failed) { // it was shut down or has no thread, but somebody waits
      if (once.get()) {
        throw failed; // of an executor that runs its tasks at once: it is the task that failed
      }
      var _ = Thread.startVirtualThread(once);
    }
  }

  /** Runs a task the first time; true once that has begun. */
  private static final class Once extends AtomicBoolean implements Runnable {
    private static final long serialVersionUID = 1;

    private final transient Runnable task;

    Once(Runnable task) {
      this.task = task;
    }

    @Override
    public void run() {
      if (compareAndSet(false, true)) {
        task.run();
      }
    }
  }
}
