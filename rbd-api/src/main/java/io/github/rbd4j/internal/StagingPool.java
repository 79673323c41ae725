package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Native memory that is reused: chunks of one size, of which so many are kept while nobody uses
 * them.
 */
public abstract sealed class StagingPool permits NumberPool, TransferPool {
  private final long chunkSize;
  private final AtomicReferenceArray<@Nullable MemorySegment> free;

  /** Makes a pool; the number of chunks is a power of two. */
  StagingPool(long chunkSize, int chunks) {
    this.chunkSize = chunkSize;
    this.free = new AtomicReferenceArray<>(chunks);
  }

  /** The pool whose chunks hold a few numbers, for results of calls. Nobody waits for one. */
  public static StagingPool forNumbers() {
    return Numbers.POOL;
  }

  private static final class Numbers {
    static final StagingPool POOL = new NumberPool();
  }

  /** The size of every chunk of this pool in bytes. */
  public final long chunkSize() {
    return chunkSize;
  }

  /** How many chunks are kept at the most. */
  final int chunks() {
    return free.length();
  }

  /** Takes a chunk; its content is arbitrary. */
  public abstract MemorySegment take();

  /** Gives a chunk back. */
  public abstract void give(MemorySegment chunk);

  /** A chunk that nobody uses, null if none is found. */
  final @Nullable MemorySegment takeFree() {
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

  /** Keeps a chunk; false if no place for it is found. */
  final boolean keep(MemorySegment chunk) {
    int length = free.length();
    int start = startIndex(length);
    for (int i = 0; i < length; i++) {
      int index = start + i < length ? start + i : start + i - length;
      if (free.getPlain(index) == null && free.compareAndSet(index, null, chunk)) {
        return true;
      }
    }
    return false;
  }

  /** Frees the chunks that nobody uses, and tells how many. */
  final int freeKept() {
    int freed = 0;
    for (int i = 0; i < free.length(); i++) {
      MemorySegment chunk = free.getAndSet(i, null);
      if (chunk != null) {
        NativeMemory.free(chunk);
        freed++;
      }
    }
    return freed;
  }

  private static int startIndex(int length) {
    return (int) (Thread.currentThread().threadId() & (length - 1));
  }
}
