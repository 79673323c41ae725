package io.github.rbd4j;

import io.github.rbd4j.internal.Background;
import io.github.rbd4j.internal.CompletionListener;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.LibrbdFuture;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.jfr.ImageEvent;
import io.github.rbd4j.jfr.ImageOperation;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One asynchronous operation on an image. From its start until it is finished it holds the handle,
 * a place in the queue and its native memory, whatever happens to its future meanwhile.
 *
 * <p>It lands when librbd calls back, on a thread of librbd, and is finished on the executor. If
 * more has to be asked of librbd then, and the executor runs tasks at once and so inside the
 * callback, or if the executor does not get to it until the image was to be closed, it is finished
 * on a thread of its own.
 */
final class AsyncOperation<T> implements CompletionListener {
  /** Gives the call to librbd. */
  @FunctionalInterface
  interface Submission {
    long to(MemorySegment image, MemorySegment completion);
  }

  /** Makes the value of the future from the result of librbd. */
  @FunctionalInterface
  interface Finish<T> {
    @Nullable T of(MemorySegment image, long result);
  }

  /** Neither in flight nor done: it has no place yet. */
  private static final int NEW = 0;

  private static final int IN_FLIGHT = 1;
  private static final int LANDED = 2;
  private static final int FINISHED = 3;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(AsyncOperation.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final AsyncImage context;
  private final ImageOperation kind;
  private final long offset;
  private final long length;
  private final boolean looksAtSize;
  private final Scratch scratch;
  private final Submission submission;
  private final Finish<T> finish;
  private final CompletableFuture<T> future = new LibrbdFuture<>();
  private final @Nullable ImageEvent event;
  private @Nullable Future<?> timer;
  private volatile @Nullable Future<?> draining;
  private MemorySegment image = MemorySegment.NULL;
  private long result;

  @SuppressWarnings("unused") // read and written through STATE
  private volatile int state;

  private volatile boolean overdue;

  AsyncOperation(
      AsyncImage context,
      ImageOperation kind,
      long offset,
      long length,
      boolean looksAtSize,
      Scratch scratch,
      Submission submission,
      Finish<T> finish) {
    this.event = kind.begin();
    this.context = context;
    this.kind = kind;
    this.offset = offset;
    this.length = length;
    this.looksAtSize = looksAtSize;
    this.scratch = scratch;
    this.submission = submission;
    this.finish = finish;
  }

  /** Has it started, now or later. */
  CompletableFuture<T> submit() {
    Duration limit = context.options().deadline();
    if (limit != null) {
      timer =
          Alarm.after(
              limit, () -> giveUp(new TimeoutException(this + " is not done after " + limit)));
    }
    context.queue().add(this);
    return future;
  }

  int scratchSize() {
    return (int) scratch.size();
  }

  boolean isDone() {
    return future.isDone();
  }

  void refuseInsideCallback() {
    Upcalls.refuseInsideCallback(context.handle());
  }

  /** What it is done to. */
  NativeHandle object() {
    return context.handle();
  }

  /**
   * It has to wait for a place.
   *
   * @param stepOut called when the future is done; true if it still waited then, and does no more
   */
  void awaitPlace(BooleanSupplier stepOut) {
    context.inFlight().add(this);
    var _ =
        future.whenComplete(
            (_, failure) -> {
              if (stepOut.getAsBoolean()) {
                end(failure);
              } else if (state == FINISHED) {
                context.inFlight().remove(this); // it ended before it was added
              }
            });
  }

  /** Fails the future. What waits for a place is not done then, what is in flight goes on. */
  void giveUp(Throwable reason) {
    future.completeExceptionally(reason);
  }

  /** Fails an operation that is not in flight and does not wait. */
  void fail(Throwable thrown) {
    end(thrown);
    future.completeExceptionally(thrown);
  }

  private void end(@Nullable Throwable failure) {
    state = FINISHED;
    context.inFlight().remove(this);
    cancel(timer);
    cancel(draining);
    if (event != null) {
      event.end(context.handle().name(), offset, length, true, outcome(failure));
    }
  }

  private static void cancel(@Nullable Future<?> task) {
    if (task != null) {
      task.cancel(false);
    }
  }

  /** What has become of the future, if that was before it became of the operation. */
  private @Nullable Throwable outcome(@Nullable Throwable failure) {
    return switch (future.state()) {
      case RUNNING, SUCCESS -> failure;
      case FAILED -> future.exceptionNow();
      case CANCELLED -> new CancellationException();
    };
  }

  /** Gives it to librbd. If that fails, what it failed with is returned, and nothing is held. */
  @Nullable Throwable start() {
    if (future.isDone()) {
      return new CancellationException();
    }
    STATE.setVolatile(this, IN_FLIGHT); // before the handle is acquired, see imageIsClosing()
    NativeHandle handle = context.handle();
    try {
      image = handle.acquireForSubmission();
    } catch (IllegalStateException closed) {
      return closed;
    }
    boolean allocated = false;
    Throwable failure;
    try {
      scratch.allocate();
      allocated = true;
      context.inFlight().add(this);
      long refused = Completions.submit(completion -> submission.to(image, completion), this);
      if (refused == 0) {
        return null;
      }
      failure = Failures.toException(refused, handle.operation(kind.verb()), null);
    } catch (Throwable thrown) {
      failure = thrown;
    }
    if (allocated) {
      scratch.free();
    }
    handle.release();
    return failure;
  }

  /** Runs on a thread of librbd, which must neither block nor, unless wanted, run user code. */
  @Override
  public void onCompletion(long value) {
    result = value;
    STATE.setVolatile(this, LANDED);
    if (overdue) {
      var _ = Thread.startVirtualThread(this::finish);
    } else if (context.options().onLibrbdThread()) {
      finish();
    } else {
      Background.executeAnyhow(context.executor(), this::finish);
    }
  }

  private void finish() {
    if (asksLibrbd() && Upcalls.isInsideCallback()) {
      var _ = Thread.startVirtualThread(this::finish);
    } else if (STATE.compareAndSet(this, LANDED, FINISHED)) {
      complete();
    }
  }

  /** Whether librbd has to be asked what the result means, for which a callback is no place. */
  private boolean asksLibrbd() {
    return looksAtSize || result < 0 || (result == 0 && kind == ImageOperation.READ);
  }

  private void complete() {
    @Nullable T value = null;
    Throwable failure = null;
    try {
      value = finish.of(image, result);
    } catch (Throwable thrown) { // it belongs to who waits for the future
      failure = thrown;
    }
    try {
      // All is given back first, so that what depends on the future may close the image.
      scratch.free();
      context.handle().release();
      end(failure);
      context.queue().leave(this);
    } finally {
      if (failure == null) {
        future.complete(value);
      } else {
        future.completeExceptionally(failure);
      }
    }
  }

  /**
   * The image is being closed. What is not in flight cannot get there any more. For what is, the
   * close waits; its future shall not wait for ever.
   */
  synchronized void imageIsClosing() {
    if (state == NEW) {
      IllegalStateException closed =
          new IllegalStateException(context.handle().description() + " is closed");
      var _ = Thread.startVirtualThread(() -> giveUp(closed));
    } else if (draining == null) {
      Future<?> task = Alarm.after(context.options().drainTimeout(), this::endDraining);
      draining = task;
      if (state == FINISHED) {
        task.cancel(false);
      }
    }
  }

  private void endDraining() {
    overdue = true;
    finish(); // if it has only been waiting for the executor
    if (state != FINISHED) {
      giveUp(
          new IllegalStateException(
              "%s was still in flight %s after the close of the image began: whether it is done is not known"
                  .formatted(this, context.options().drainTimeout())));
    }
  }

  @Override
  public String toString() {
    return context.handle().operation(kind.verb()).toString();
  }
}
