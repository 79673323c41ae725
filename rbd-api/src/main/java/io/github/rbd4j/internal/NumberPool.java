package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Chunks for a few numbers. A call that asks a dead cluster holds its chunk for long, and threads
 * of librbd need chunks, too: so all connections share them, and who finds none allocates one.
 */
final class NumberPool extends StagingPool {
  NumberPool() {
    super(64, 64);
  }

  @Override
  public MemorySegment take() {
    @Nullable MemorySegment chunk = takeFree();
    return chunk == null ? NativeMemory.allocate(chunkSize()) : chunk;
  }

  @Override
  public void give(MemorySegment chunk) {
    if (!keep(chunk)) {
      NativeMemory.free(chunk);
    }
  }
}
