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
  private static final MethodHandle FREE = LibcFunction.FREE.find().orElseThrow();

  private NativeMemory() {}

  /**
   * Allocates memory with arbitrary content. It must be freed exactly once, and not be used after
   * that: nothing checks it.
   *
   * @throws OutOfMemoryError if there is none
   */
  @SuppressWarnings("restricted")
  public static MemorySegment allocate(long size) {
    MemorySegment memory;
    try {
      memory = (MemorySegment) MALLOC.invokeExact(size);
    } catch (Throwable e) {
      throw new AssertionError("malloc cannot throw", e);
    }
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
