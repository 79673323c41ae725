package io.github.rbd4j.internal;

import java.time.Duration;

/**
 * The memory of one connection through which heap arrays reach the native library. No connection
 * waits for the memory of another one, whose cluster may be dead.
 */
public final class StagingMemory {
  static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

  private final TransferPool small;
  private final TransferPool large;

  /** Makes the memory of a connection; nothing is allocated yet. */
  StagingMemory(Operation operation) {
    small = new TransferPool(64 << 10, 64, operation);
    large = new TransferPool(4 << 20, 8, operation);
  }

  /** Sets how long a transfer may wait for its memory: no longer than for the cluster. */
  public void limit(Duration limit) {
    small.limit(limit);
    large.limit(limit);
  }

  /** The pool whose chunks suit a transfer of that many bytes. */
  public StagingPool forTransfer(long bytes) {
    return bytes <= small.chunkSize() ? small : large;
  }

  /** Frees it, what is in use when that ends. */
  void close() {
    small.close();
    large.close();
  }
}
