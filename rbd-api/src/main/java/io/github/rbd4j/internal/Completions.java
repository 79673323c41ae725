package io.github.rbd4j.internal;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_create_completion;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_release;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Asynchronous calls of librbd. A completion belongs to one call; it is released in its callback,
 * after the result was read, or at once when the call was refused: librbd never calls back then.
 */
public final class Completions {
  private Completions() {}

  /** An asynchronous native call. */
  @FunctionalInterface
  public interface Call {
    /** Submits it with a completion. */
    long submit(MemorySegment completion);
  }

  /**
   * Submits a call. The listener hears of its result; what it refers to stays reachable until then.
   *
   * <p>Implements: {@code int rbd_aio_create_completion(void *cb_arg, rbd_callback_t complete_cb,
   * rbd_completion_t *c)}, with {@code ssize_t rbd_aio_get_return_value(rbd_completion_t c)} and
   * {@code void rbd_aio_release(rbd_completion_t c)}
   *
   * @return 0, or the negative result of a call that was refused and that the listener never hears
   *     of
   */
  public static long submit(Call call, CompletionListener listener) {
    MemorySegment completion;
    StagingPool numbers = StagingPool.forNumbers();
    MemorySegment out = numbers.take();
    Upcalls.Registration registration = Upcalls.register(listener);
    try {
      int result =
          rbd_aio_create_completion(registration.argument(), Upcalls.completionStub(), out);
      if (result < 0) {
        registration.close();
        return result;
      }
      completion = out.get(ValueLayout.ADDRESS, 0);
    } finally {
      numbers.give(out);
    }
    long result;
    try {
      result = call.submit(completion);
    } catch (Throwable refusedByJava) {
      registration.close();
      rbd_aio_release(completion);
      throw refusedByJava;
    }
    if (result < 0) {
      registration.close();
      rbd_aio_release(completion);
      return result;
    }
    return 0;
  }

  /**
   * Makes a call in the way that suits this thread: a blocking call would pin the carrier of a
   * virtual one, so that it submits the asynchronous call and parks.
   *
   * @return the result of the call
   */
  public static long call(Call asynchronous, LongSupplier blocking) {
    return Thread.currentThread().isVirtual() ? await(asynchronous) : blocking.getAsLong();
  }

  /**
   * Submits a call and parks this thread until it is done, which leaves the carrier of a virtual
   * thread free. An interrupt is kept for later: librbd still uses the memory of the call.
   *
   * @return the result of the call
   */
  public static long await(Call call) {
    Waiter waiter = new Waiter(Thread.currentThread());
    long refused = submit(call, waiter);
    try {
      return refused < 0 ? refused : waiter.await();
    } finally {
      Reference.reachabilityFence(call); // it refers to the memory that librbd uses until then
    }
  }

  private static final class Waiter implements CompletionListener {
    private final Thread thread;
    private long result;
    private volatile boolean done;

    Waiter(Thread thread) {
      this.thread = thread;
    }

    @Override
    public void onCompletion(long value) {
      result = value;
      done = true;
      LockSupport.unpark(thread);
    }

    long await() {
      boolean interrupted = false;
      while (!done) {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return result;
    }
  }
}
