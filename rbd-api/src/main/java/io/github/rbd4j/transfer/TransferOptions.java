package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import java.util.Objects;

/**
 * How to transfer.
 *
 * @param parallelism how many blocks of 4 MiB may be under way in the cluster, 1 to 1024
 * @param sparseSize how many zeros in a row become a hole, in bytes, a power of two from 512 to 4
 *     MiB
 * @param maxSize the largest size that a stream may give to an image, in bytes: the header of a
 *     damaged one could claim any, and a size is not taken back quickly
 * @param listener told of the progress
 */
@Preview
public record TransferOptions(
    int parallelism, long sparseSize, long maxSize, TransferListener listener) {
  private static final long DEFAULT_MAX_SIZE = 16L << 40;
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
    if (maxSize < 0) {
      throw new IllegalArgumentException("maxSize " + maxSize + " is negative");
    }
    Objects.requireNonNull(listener, "listener");
  }

  /**
   * 16 blocks at once, holes from 4 KiB on as the {@code rbd} program makes them, sizes up to 16
   * TiB, no listener.
   *
   * @return the options
   */
  public static TransferOptions defaults() {
    return new TransferOptions(16, 4096, DEFAULT_MAX_SIZE, TransferListener.NONE);
  }

  /**
   * The same with another bound.
   *
   * @param blocks how many blocks of 4 MiB may be under way in the cluster, 1 to 1024
   * @return other options
   */
  public TransferOptions parallelism(int blocks) {
    return new TransferOptions(blocks, sparseSize, maxSize, listener);
  }

  /**
   * The same with other holes.
   *
   * @param bytes how many zeros in a row become a hole, a power of two from 512 to 4 MiB
   * @return other options
   */
  public TransferOptions sparseSize(long bytes) {
    return new TransferOptions(parallelism, bytes, maxSize, listener);
  }

  /**
   * The same with another limit of sizes.
   *
   * @param bytes the largest size that the header of a stream may give to an image
   * @return other options
   */
  public TransferOptions maxSize(long bytes) {
    return new TransferOptions(parallelism, sparseSize, bytes, listener);
  }

  /**
   * The same with another listener.
   *
   * @param other told of the progress
   * @return other options
   */
  public TransferOptions listener(TransferListener other) {
    return new TransferOptions(parallelism, sparseSize, maxSize, other);
  }
}
