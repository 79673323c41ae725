package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory that is freed at a moment of our choice by whatever thread. No arena does that at a low
 * price: a confined one belongs to its thread, closing a shared one stops all threads for a moment,
 * and an automatic one waits for the garbage collector.
 */
public final class NativeMemory {
  private static final MethodHandle MALLOC = LibcFunction.MALLOC.find().orElseThrow();
  private static final MethodHandle ALIGNED_ALLOC = LibcFunction.ALIGNED_ALLOC.find().orElseThrow();
  private static final MethodHandle FREE = LibcFunction.FREE.find().orElseThrow();

  private NativeMemory() {}

  /**
   * Allocates memory with arbitrary content. It must be freed exactly once, and not be used after
   * that: nothing checks it.
   *
   * @throws OutOfMemoryError if there is none
   */
  public static MemorySegment allocate(long size) {
    try {
      return require((MemorySegment) MALLOC.invokeExact(size), size);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("malloc cannot throw", e);
    }
  }

  /**
   * Allocates the same at an address that is a multiple of the alignment, of which the size is one,
   * too.
   *
   * @throws OutOfMemoryError if there is none
   */
  public static MemorySegment allocate(long size, long alignment) {
    try {
      return require((MemorySegment) ALIGNED_ALLOC.invokeExact(alignment, size), size);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("aligned_alloc cannot throw", e);
    }
  }

  @SuppressWarnings("restricted")
  private static MemorySegment require(MemorySegment memory, long size) {
    if (memory.equals(MemorySegment.NULL)) {
      throw new OutOfMemoryError("no " + size + " bytes of native memory");
    }
    return memory.reinterpret(size);
  }

  /** Frees memory. */
  public static void free(MemorySegment memory) {
    try {
      FREE.invokeExact(memory);
    } catch (Throwable e) {
      throw new AssertionError("free cannot throw", e);
    }
  }
}
