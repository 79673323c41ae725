package io.github.rbd4j;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the operations that are in flight: their number, and the native memory that they take for
 * themselves.
 */
final class AsyncQueue {
  private final AsyncOptions options;
  private final Semaphore permits;
  private final Semaphore bytes;
  private final Deque<AsyncOperation<?>> waiting = new ArrayDeque<>();

  AsyncQueue(AsyncOptions options) {
    this.options = options;
    this.permits = new Semaphore(options.queueDepth());
    // Fair, so that one which needs much gets its turn among many which need little.
    this.bytes = new Semaphore(options.stagingBytes(), true);
  }

  /** Starts an operation, now or when there is room for it; or fails it. */
  void add(AsyncOperation<?> operation) {
    switch (options.whenFull()) {
      case BLOCK -> {
        operation.refuseInsideCallback();
        if (await(permits, 1, operation)) {
          if (await(bytes, operation.scratchSize(), operation)) {
            start(operation);
          } else {
            permits.release();
          }
        }
      }
      case FAIL -> {
        if (tryAcquire(operation)) {
          start(operation);
        } else {
          operation.fail(
              new RejectedExecutionException(
                  options.queueDepth()
                      + " operations, or operations with "
                      + options.stagingBytes()
                      + " bytes of native memory, are in flight on "
                      + operation.object()));
        }
      }
      case QUEUE -> {
        synchronized (waiting) {
          waiting.add(operation);
        }
        startWaiting();
      }
    }
  }

  /** Waits for room; false if the deadline of the operation came first, which fails it. */
  private static boolean await(Semaphore room, int amount, AsyncOperation<?> operation) {
    if (amount == 0) {
      return true;
    }
    long limit = operation.deadline();
    if (limit == Long.MAX_VALUE) {
      room.acquireUninterruptibly(amount);
      return true;
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (room.tryAcquire(amount, limit - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return true;
          }
          operation.fail(new TimeoutException("no room for " + operation + " before its deadline"));
          return false;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean tryAcquire(AsyncOperation<?> operation) {
    if (!permits.tryAcquire()) {
      return false;
    }
    if (operation.scratchSize() > 0 && !bytes.tryAcquire(operation.scratchSize())) {
      permits.release();
      return false;
    }
    return true;
  }

  private void start(AsyncOperation<?> operation) {
    if (!operation.start()) {
      release(operation);
    }
  }

  private void release(AsyncOperation<?> operation) {
    if (operation.scratchSize() > 0) {
      bytes.release(operation.scratchSize());
    }
    permits.release();
  }

  /** An operation is not in flight any more. */
  void leave(AsyncOperation<?> operation) {
    release(operation);
    if (options.whenFull() == AsyncOptions.WhenFull.QUEUE) {
      startWaiting();
    }
  }

  /** Starts what waits as long as there is room. */
  private void startWaiting() {
    for (AsyncOperation<?> next = nextThatFits(); next != null; next = nextThatFits()) {
      start(next);
    }
  }

  private @Nullable AsyncOperation<?> nextThatFits() {
    synchronized (waiting) {
      for (AsyncOperation<?> next = waiting.peek(); next != null; next = waiting.peek()) {
        if (next.isDone()) { // cancelled, or too late
          waiting.remove();
        } else {
          return tryAcquire(next) ? waiting.remove() : null;
        }
      }
      return null;
    }
  }

  /** Takes out what was not started. */
  @Nullable AsyncOperation<?> abandonNext() {
    synchronized (waiting) {
      return waiting.poll();
    }
  }
}
