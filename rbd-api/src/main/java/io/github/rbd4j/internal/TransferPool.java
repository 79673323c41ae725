package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Chunks through which heap arrays reach the native library: a fixed number, allocated when first
 * needed. Who finds none free waits for one; a chunk is held for one transfer.
 */
final class TransferPool extends StagingPool {
  private static final long PAGE = 4096;

  private final Operation operation;
  private final Semaphore permits;
  private final AtomicInteger allocated = new AtomicInteger();
  private volatile Duration limit = StagingMemory.FOR_EVER;
  private volatile boolean closed;

  /** Makes a pool; the operation is what a caller fails with who waits for too long. */
  TransferPool(long chunkSize, int chunks, Operation operation) {
    super(chunkSize, chunks);
    this.operation = operation;
    this.permits = new Semaphore(chunks);
  }

  void limit(Duration newLimit) {
    limit = newLimit;
  }

  /**
   * Takes a chunk. Waits until one is free.
   *
   * @throws io.github.rbd4j.OperationTimeoutException if that takes longer than the limit
   */
  @Override
  public MemorySegment take() {
    acquire();
    try {
      while (true) {
        MemorySegment chunk = takeFree();
        if (chunk == null) {
          chunk = allocate();
        }
        if (chunk != null) {
          return chunk;
        }
        // With a permit there is always a free chunk, but others can move it behind this scan.
        Thread.onSpinWait();
      }
    } catch (Throwable e) {
      permits.release();
      throw e;
    }
  }

  private void acquire() {
    if (permits.tryAcquire()) {
      return;
    }
    long end = System.nanoTime() + nanos(limit);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (permits.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return;
          }
          throw Failures.toException(
              Errno.ETIMEDOUT.result(), operation, "other transfers have all that there is");
        } catch (InterruptedException e) {
          interrupted = true; // the transfer cannot be interrupted, either
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static long nanos(Duration duration) {
    return TimeUnit.NANOSECONDS.convert(duration); // not more than the largest number
  }

  /** A new chunk, or null if there are as many as there may be. */
  private @Nullable MemorySegment allocate() {
    int count = allocated.get();
    while (count < chunks()) {
      int seen = allocated.compareAndExchange(count, count + 1);
      if (seen == count) {
        try {
          return NativeMemory.allocate(chunkSize(), Math.min(chunkSize(), PAGE));
        } catch (Throwable e) {
          allocated.decrementAndGet();
          throw e;
        }
      }
      count = seen;
    }
    return null;
  }

  @Override
  public void give(MemorySegment chunk) {
    while (!keep(chunk)) {
      Thread.onSpinWait(); // there is a place for each chunk, but others can take one meanwhile
    }
    if (closed) {
      freeAll();
    }
    permits.release();
  }

  /** Frees the chunks, those in use when they are given back. */
  void close() {
    closed = true;
    freeAll();
  }

  private void freeAll() {
    allocated.addAndGet(-freeKept());
  }
}
