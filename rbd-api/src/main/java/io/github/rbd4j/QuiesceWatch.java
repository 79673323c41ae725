package io.github.rbd4j;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.SerialTasks;
import io.github.rbd4j.internal.Upcalls;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A registered {@link QuiesceListener}, see {@link Image#watchQuiesce}. It ends with the image. */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class QuiesceWatch extends NativeObject {
  private static final Logger LOG = LoggerFactory.getLogger(QuiesceWatch.class);

  QuiesceWatch(NativeHandle handle) {
    super(handle);
  }

  /**
   * Unregisters the listener. A quiesce that is running is waited for, no longer than its limit; a
   * listener that has prepared is told to go on. When called from the listener while it prepares,
   * the snapshot fails, for it waits for itself until the limit is over.
   *
   * @throws IllegalStateException if called from inside a callback of the native library
   */
  @Override
  public void close() {
    super.close();
  }

  /** Takes what librbd says to the listener, and the answer back. */
  static final class Bridge {
    private final QuiesceListener listener;
    private final Duration limit;
    private final SerialTasks tasks;

    private final Object lock = new Object();
    private CompletableFuture<Void> answered = CompletableFuture.completedFuture(null);
    private boolean leaving;

    /** Whether the listener has prepared and was not yet told to go on. For the tasks only. */
    private boolean prepared;

    Bridge(QuiesceListener listener, Duration limit, Executor executor) {
      this.listener = listener;
      this.limit = limit;
      this.tasks = new SerialTasks(executor);
    }

    /** Begins to prepare; the answer is given once, within the limit. */
    void onQuiesce(IntConsumer answer) {
      // Each quiesce has a future of its own, which can be completed only once.
      CompletableFuture<Void> preparing = new CompletableFuture<>();
      CompletableFuture<Void> mine =
          preparing.handle(
              (_, failure) -> {
                answer.accept(resultOf(failure));
                return null;
              });
      synchronized (lock) {
        if (leaving) {
          preparing.complete(null);
          return;
        }
        answered = mine;
      }
      try {
        var _ = preparing.orTimeout(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS);
        tasks.execute(() -> prepare(preparing));
      } catch (RuntimeException | Error e) { // the executor takes no more work
        preparing.completeExceptionally(e);
      }
    }

    private int resultOf(@Nullable Throwable failure) {
      if (failure == null) {
        return 0;
      }
      if (failure instanceof TimeoutException) {
        LOG.warn("quiescing took longer than {}, so that the snapshot is not taken", limit);
      } else {
        LOG.warn("quiescing failed, so that the snapshot is not taken", failure);
      }
      return Errno.EINVAL.result();
    }

    private void prepare(CompletableFuture<Void> preparing) {
      if (preparing.isDone()) {
        return; // the time was over before the executor began
      }
      try {
        listener.quiesce();
      } catch (Exception | Error e) {
        preparing.completeExceptionally(e);
        return;
      }
      prepared = true;
      if (!preparing.complete(null)) {
        goOn(); // prepared in vain: librbd, which has given it up, will not tell it to go on
      }
    }

    void onUnquiesce() {
      tasks.executeAnyhow(this::goOn);
    }

    private void goOn() {
      if (prepared) {
        prepared = false;
        try {
          listener.unquiesce();
        } catch (RuntimeException | Error e) {
          LOG.warn("a quiesce listener threw", e);
        }
      }
    }

    /** Waits until a running quiesce is answered, which takes no longer than the limit. */
    void leave() {
      CompletableFuture<Void> running;
      synchronized (lock) {
        leaving = true;
        running = answered;
      }
      running.join();
      // Nobody will tell it any more. Not on this thread, whatever the executor does: a listener
      // that closes what is being closed would wait for itself.
      var _ = Thread.startVirtualThread(() -> tasks.executeAnyhow(this::goOnOutside));
    }

    /** The task before this one may still be on the thread of librbd, which then runs this, too. */
    private void goOnOutside() {
      if (Upcalls.isInsideCallback()) {
        var _ = Thread.startVirtualThread(this::goOn);
      } else {
        goOn();
      }
    }
  }
}
