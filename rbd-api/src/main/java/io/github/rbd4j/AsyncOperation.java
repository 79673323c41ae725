package io.github.rbd4j;

import io.github.rbd4j.internal.Background;
import io.github.rbd4j.internal.CompletionListener;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.jfr.ImageEvent;
import io.github.rbd4j.jfr.ImageOperation;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One asynchronous operation on an image. From its start until it is finished it holds the handle,
 * a place in the queue and its native memory, whatever happens to its future meanwhile.
 *
 * <p>It lands when librbd calls back, on a thread of librbd, and is finished on the executor, where
 * it may block. If the executor does not get to it until the image was to be closed, it is finished
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

  // The state is 0 while it waits or is in flight.
  private static final int LANDED = 1;
  private static final int FINISHED = 2;
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
  private final Scratch scratch;
  private final Submission submission;
  private final Finish<T> finish;
  private final CompletableFuture<T> future = new CompletableFuture<>();
  private final long deadline;
  private final @Nullable ImageEvent event;
  private @Nullable Future<?> timer;
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
      Scratch scratch,
      Submission submission,
      Finish<T> finish) {
    this.event = kind.begin();
    this.context = context;
    this.kind = kind;
    this.offset = offset;
    this.length = length;
    this.scratch = scratch;
    this.submission = submission;
    this.finish = finish;
    Duration limit = context.options().deadline();
    this.deadline = limit == null ? Long.MAX_VALUE : System.nanoTime() + limit.toNanos();
  }

  /** Has it started, now or later. */
  CompletableFuture<T> submit() {
    Duration limit = context.options().deadline();
    if (limit != null) {
      timer =
          ForkJoinPool.commonPool().schedule(this::timeOut, limit.toNanos(), TimeUnit.NANOSECONDS);
    }
    context.queue().add(this);
    return future;
  }

  private void timeOut() {
    Duration limit = context.options().deadline();
    TimeoutException late = new TimeoutException(this + " is not done after " + limit);
    var _ = Thread.startVirtualThread(() -> future.completeExceptionally(late));
  }

  /** When the future fails, as {@link System#nanoTime} counts; the largest number for never. */
  long deadline() {
    return deadline;
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

  /** Fails the future of an operation that is not in flight. */
  void fail(Throwable thrown) {
    end(thrown);
    future.completeExceptionally(thrown);
  }

  private void end(@Nullable Throwable failure) {
    if (timer != null) {
      timer.cancel(false);
    }
    if (event != null) {
      event.end(context.handle().name(), offset, length, true, failure);
    }
  }

  /** Gives it to librbd; false if that failed, and the future with it. */
  boolean start() {
    NativeHandle handle = context.handle();
    try {
      image = handle.acquireForSubmission();
    } catch (IllegalStateException closed) {
      fail(closed);
      return false;
    }
    boolean allocated = false;
    Throwable failure;
    try {
      scratch.allocate();
      allocated = true;
      context.inFlight().add(this);
      long refused = Completions.submit(completion -> submission.to(image, completion), this);
      if (refused == 0) {
        return true;
      }
      failure = Failures.toException(refused, handle.operation(kind.verb()), null);
    } catch (Throwable thrown) {
      failure = thrown;
    }
    context.inFlight().remove(this);
    if (allocated) {
      scratch.free();
    }
    handle.release();
    fail(failure);
    return false;
  }

  /** Runs on a thread of librbd, which must neither block nor, unless wanted, run user code. */
  @Override
  public void onCompletion(long value) {
    result = value;
    STATE.setVolatile(this, LANDED);
    if (overdue) {
      var _ = Thread.startVirtualThread(this::finish);
    } else if (value >= 0 && context.options().onLibrbdThread()) {
      finish();
    } else {
      Background.executeAnyhow(context.executor(), this::finish);
    }
  }

  private void finish() {
    if (!STATE.compareAndSet(this, LANDED, FINISHED)) {
      return;
    }
    @Nullable T value = null;
    Throwable failure = null;
    try {
      value = finish.of(image, result);
    } catch (Throwable thrown) { // it belongs to who waits for the future
      failure = thrown;
    }
    // All is given back first, so that what depends on the future may close the image.
    scratch.free();
    context.inFlight().remove(this);
    context.handle().release();
    context.queue().leave(this);
    end(failure);
    if (failure == null) {
      future.complete(value);
    } else {
      future.completeExceptionally(failure);
    }
  }

  /** The image is being closed and waits for this; the future shall not wait for ever. */
  void imageIsClosing() {
    Duration limit = context.options().drainTimeout();
    Future<?> _ =
        ForkJoinPool.commonPool()
            .schedule(
                () -> Thread.startVirtualThread(this::endDraining),
                limit.toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void endDraining() {
    overdue = true;
    finish(); // if it has only been waiting for the executor
    if (state == FINISHED) {
      return;
    }
    AsyncQueue queue = context.queue();
    for (AsyncOperation<?> next = queue.abandonNext(); next != null; next = queue.abandonNext()) {
      next.fail(new IllegalStateException(context.handle().description() + " is closed"));
    }
    future.completeExceptionally( // it is recorded when librbd is done with it
        new IllegalStateException(
            "%s was still in flight %s after the close of the image began: whether it is done is not known"
                .formatted(this, context.options().drainTimeout())));
  }

  @Override
  public String toString() {
    return context.handle().operation(kind.verb()).toString();
  }
}
