package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Native memory through which heap arrays reach the native library. It is bounded and reused: a
 * fixed number of chunks of one size, allocated when first needed and never freed. Who finds none
 * free waits for one; a chunk is held for one native call.
 */
public final class StagingPool {
  private static final StagingPool NUMBERS = new StagingPool(64, 64);
  private static final StagingPool SMALL = new StagingPool(64 << 10, 64);
  private static final StagingPool LARGE = new StagingPool(4 << 20, 8);

  private final long chunkSize;
  private final Semaphore permits;
  private final AtomicReferenceArray<@Nullable MemorySegment> free;
  private final AtomicInteger allocated = new AtomicInteger();

  /** Makes a pool; the number of chunks is a power of two. */
  StagingPool(long chunkSize, int chunks) {
    this.chunkSize = chunkSize;
    this.permits = new Semaphore(chunks);
    this.free = new AtomicReferenceArray<>(chunks);
  }

  /**
   * The pool whose chunks hold a few numbers, for results of calls on the data path. It is apart so
   * that who holds a chunk for a transfer may wait for one of these.
   */
  public static StagingPool forNumbers() {
    return NUMBERS;
  }

  /** The pool whose chunks suit a transfer of that many bytes. */
  public static StagingPool forTransfer(long bytes) {
    return bytes <= SMALL.chunkSize ? SMALL : LARGE;
  }

  /** The size of every chunk of this pool in bytes. */
  public long chunkSize() {
    return chunkSize;
  }

  /** Takes a chunk; its content is arbitrary. Waits until one is free. */
  public MemorySegment take() {
    permits.acquireUninterruptibly();
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

  private @Nullable MemorySegment takeFree() {
    int length = free.length();
    int start = startIndex(length);
    for (int i = 0; i < length; i++) {
      int index = start + i < length ? start + i : start + i - length;
      if (free.getPlain(index) != null) {
        MemorySegment chunk = free.getAndSet(index, null);
        if (chunk != null) {
          return chunk;
        }
      }
    }
    return null;
  }

  /** A new chunk, or null if there are as many as there may be. */
  private @Nullable MemorySegment allocate() {
    int count = allocated.get();
    while (count < free.length()) {
      int seen = allocated.compareAndExchange(count, count + 1);
      if (seen == count) {
        try {
          return Arena.global().allocate(chunkSize, Math.min(chunkSize, 4096));
        } catch (Throwable e) {
          allocated.decrementAndGet();
          throw e;
        }
      }
      count = seen;
    }
    return null;
  }

  /** Gives a chunk back. */
  public void give(MemorySegment chunk) {
    int length = free.length();
    int start = startIndex(length);
    for (int i = 0; ; i = i + 1 == length ? 0 : i + 1) {
      int index = start + i < length ? start + i : start + i - length;
      if (free.getPlain(index) == null && free.compareAndSet(index, null, chunk)) {
        break;
      }
    }
    permits.release();
  }

  private static int startIndex(int length) {
    return (int) (Thread.currentThread().threadId() & (length - 1));
  }
}
