package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The native memory through which channels, streams and transfers move data. A block is held for as
 * long as its data is on its way, which can depend on a file or a pipe; so these are not the chunks
 * of {@link StagingPool}, for which other callers wait. Each user bounds how many it holds, and
 * what is given back is kept for the next, up to a limit.
 */
public final class TransferBlocks {
  /** The size of a block: that of an object, unless an image is made with other ones. */
  public static final int SIZE = 4 << 20;

  private static final int KEPT = 32;
  private static final int PAGE = 4096;
  private static final Deque<MemorySegment> FREE = new ArrayDeque<>();

  private TransferBlocks() {}

  /** A block; its content is arbitrary. librbd may use it for as long as anything refers to it. */
  public static MemorySegment take() {
    synchronized (FREE) {
      MemorySegment block = FREE.poll();
      if (block != null) {
        return block;
      }
    }
    return Arena.ofAuto().allocate(SIZE, PAGE);
  }

  /** Gives a block back that nothing uses any more. */
  public static void give(MemorySegment block) {
    synchronized (FREE) {
      if (FREE.size() < KEPT) {
        FREE.push(block);
      }
    }
  }
}
