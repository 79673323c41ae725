package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_quiesce_complete;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.QuiesceCallbacks;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registered {@link QuiesceListener}, see {@link Image#watchQuiesce}. It ends with the image.
 *
 * <p>librbd aborts the process when a quiesce is completed twice, so each has a flag of its own.
 */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class QuiesceWatch extends NativeObject {
  private static final Logger LOG = LoggerFactory.getLogger(QuiesceWatch.class);

  QuiesceWatch(NativeHandle handle) {
    super(handle);
  }

  /**
   * Unregisters the listener. A quiesce that is running is waited for.
   *
   * <p>Implements: {@code int rbd_quiesce_unwatch(rbd_image_t image, uint64_t handle)}
   *
   * @throws IllegalStateException if called from inside a callback of the native library
   */
  @Override
  public void close() {
    super.close();
  }

  /** Takes what librbd says to the listener, and the answer back. */
  static final class Bridge implements QuiesceCallbacks {
    private final MemorySegment image;
    private final QuiesceListener listener;
    private final Duration limit;
    private final Executor executor;
    private final CompletableFuture<Long> id = new CompletableFuture<>();

    /** The image outlives this: librbd waits for pending answers before it ends a watch. */
    Bridge(MemorySegment image, QuiesceListener listener, Duration limit, Executor executor) {
      this.image = image;
      this.listener = listener;
      this.limit = limit;
      this.executor = executor;
    }

    void registeredAs(long watch) {
      id.complete(watch);
    }

    @Override
    public void onQuiesce() {
      AtomicBoolean answered = new AtomicBoolean();
      CompletableFuture<@Nullable Void> work;
      try {
        work = CompletableFuture.runAsync(this::quiesce, executor);
      } catch (RuntimeException e) { // the executor takes no more work
        work = CompletableFuture.failedFuture(e);
      }
      var _ =
          work.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
              .whenComplete((done, failure) -> answer(answered, failure));
    }

    private void quiesce() {
      try {
        listener.quiesce();
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    /**
     * Completes the quiesce once. The id can be missing for a moment when the first quiesce comes
     * while the registration is still returning.
     *
     * <p>Implements: {@code void rbd_quiesce_complete(rbd_image_t image, uint64_t handle, int r)}
     */
    private void answer(AtomicBoolean answered, @Nullable Throwable failure) {
      if (!answered.compareAndSet(false, true)) {
        return;
      }
      if (failure != null) {
        LOG.warn("quiescing failed, so that the snapshot is not taken", failure);
      }
      int result = failure == null ? 0 : Errno.EINVAL.result();
      var _ = id.thenAccept(watch -> rbd_quiesce_complete(image, watch, result));
    }

    @Override
    public void onUnquiesce() {
      executor.execute(
          () -> {
            try {
              listener.unquiesce();
            } catch (RuntimeException | Error e) {
              LOG.warn("a quiesce listener threw", e);
            }
          });
    }
  }
}
