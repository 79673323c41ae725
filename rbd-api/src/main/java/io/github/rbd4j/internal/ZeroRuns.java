package io.github.rbd4j.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Cuts memory into runs that hold only zeros and runs that do not. */
public final class ZeroRuns {
  private static final MemorySegment ZEROS = Arena.global().allocate(1 << 20);

  private ZeroRuns() {}

  /** Told each run. */
  @FunctionalInterface
  public interface Visitor {
    /** Called for a run, whose neighbours are of the other kind. */
    void run(long start, long length, boolean zero) throws IOException;
  }

  /** Whether all of some memory is zero. */
  public static boolean isZero(MemorySegment memory) {
    long length = memory.byteSize();
    for (long at = 0; at < length; at += ZEROS.byteSize()) {
      long part = Math.min(ZEROS.byteSize(), length - at);
      if (MemorySegment.mismatch(memory, at, at + part, ZEROS, 0, part) >= 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Tells the runs of some memory, in ascending order.
   *
   * @param granularity what is shorter is not worth being told apart, in bytes
   */
  public static void forEach(MemorySegment memory, long granularity, Visitor visitor)
      throws IOException {
    long length = memory.byteSize();
    long start = 0;
    boolean zero = false;
    for (long at = 0; at < length; at += granularity) {
      boolean zeroHere = isZero(memory.asSlice(at, Math.min(granularity, length - at)));
      if (zeroHere != zero && at > start) {
        visitor.run(start, at - start, zero);
        start = at;
      }
      zero = zeroHere;
    }
    if (length > start) {
      visitor.run(start, length - start, zero);
    }
  }
}
