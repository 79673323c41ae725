package io.github.rbd4j.transfer;

import java.util.Objects;

/**
 * How to transfer.
 *
 * @param parallelism how many blocks of 4 MiB may be under way in the cluster, 1 to 1024
 * @param sparseSize how many zeros in a row become a hole, in bytes, a power of two from 512 to
 *     4 MiB
 * @param listener told of the progress
 */
public record TransferOptions(int parallelism, long sparseSize, TransferListener listener) {
  private static final int MAX_PARALLELISM = 1024;
  private static final int MIN_SPARSE_SIZE = 512;
  private static final int MAX_SPARSE_SIZE = 4 << 20;

  /** Checks the values. */
  public TransferOptions {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism " + parallelism + " is not 1 to 1024");
    }
    if (sparseSize < MIN_SPARSE_SIZE
        || sparseSize > MAX_SPARSE_SIZE
        || Long.bitCount(sparseSize) != 1) {
      throw new IllegalArgumentException(
          "sparseSize " + sparseSize + " is not a power of two from 512 to 4 MiB");
    }
    Objects.requireNonNull(listener, "listener");
  }

  /**
   * 16 blocks at once, holes from 4 KiB on as the {@code rbd} program makes them, no listener.
   *
   * @return the options
   */
  public static TransferOptions defaults() {
    return new TransferOptions(16, 4096, TransferListener.NONE);
  }

  /**
   * The same with another bound.
   *
   * @param blocks how many blocks of 4 MiB may be under way in the cluster, 1 to 1024
   * @return other options
   */
  public TransferOptions parallelism(int blocks) {
    return new TransferOptions(blocks, sparseSize, listener);
  }

  /**
   * The same with other holes.
   *
   * @param bytes how many zeros in a row become a hole, a power of two from 512 to 4 MiB
   * @return other options
   */
  public TransferOptions sparseSize(long bytes) {
    return new TransferOptions(parallelism, bytes, listener);
  }

  /**
   * The same with another listener.
   *
   * @param other told of the progress
   * @return other options
   */
  public TransferOptions listener(TransferListener other) {
    return new TransferOptions(parallelism, sparseSize, other);
  }
}
