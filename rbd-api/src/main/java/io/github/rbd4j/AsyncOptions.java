package io.github.rbd4j;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link AsyncImage} works.
 *
 * @param queueDepth how many operations may be in flight, at least 1
 * @param whenFull what happens to one more, or to one that finds too little staging memory
 * @param stagingBytes how much native memory the operations in flight may take together for copies
 *     of memory that librbd cannot be given itself, in bytes, 1 MiB to 2 GiB - 1. An operation that
 *     needs more than all of it is refused
 * @param deadline after which time, counted from the call, a future fails with {@link
 *     java.util.concurrent.TimeoutException}; null for never. An operation that is in flight then
 *     goes on and keeps its place and its memory; one that waits for a place is not done
 * @param drainTimeout how long after the begin of a close of the image what is in flight may take.
 *     Then its future fails with {@link IllegalStateException}; whether the operation is done is
 *     not known then
 * @param onLibrbdThread whether futures complete on a thread of librbd, which spares waking another
 *     thread for each of them. What depends on them must not block then: a blocking call of rbd4j
 *     throws {@link IllegalStateException} there; and a write that another client made partly void
 *     by shrinking the image at the same moment is not found out. What is submitted there does not
 *     wait for a place: if the queue is full its future fails with {@link IllegalStateException},
 *     unless another behaviour was chosen; and a write from there is compared with the size of the
 *     image only when it is done, on a virtual thread. Futures that fail complete on virtual
 *     threads, and so do those of reads that gave nothing
 * @param executor where futures complete otherwise; null for the executor of the connection
 */
public record AsyncOptions(
    int queueDepth,
    WhenFull whenFull,
    int stagingBytes,
    @Nullable Duration deadline,
    Duration drainTimeout,
    boolean onLibrbdThread,
    @Nullable Executor executor) {
  private static final int MIB = 1 << 20;

  /** What happens to an operation when as many are in flight as may be. */
  public enum WhenFull {
    /**
     * The caller waits until one is done, but not longer than the deadline, nor when the image is
     * closed or the thread interrupted.
     */
    BLOCK,
    /** The future fails with {@link java.util.concurrent.RejectedExecutionException}. */
    FAIL,
    /**
     * It waits in a queue, which has no bound, while the caller goes on. Its memory is copied when
     * it leaves the queue, so that it must not be confined to a thread. If its future is cancelled
     * before, it is not done.
     */
    QUEUE
  }

  /** Checks the values. */
  public AsyncOptions {
    if (queueDepth < 1) {
      throw new IllegalArgumentException("queueDepth " + queueDepth + " is less than 1");
    }
    Objects.requireNonNull(whenFull, "whenFull");
    if (stagingBytes < MIB) {
      throw new IllegalArgumentException("stagingBytes " + stagingBytes + " is less than 1 MiB");
    }
    if (deadline != null) {
      requirePositive(deadline, "deadline");
    }
    requirePositive(drainTimeout, "drainTimeout");
  }

  private static void requirePositive(Duration time, String what) {
    if (!time.isPositive()) {
      throw new IllegalArgumentException(what + " " + time + " is not positive");
    }
  }

  /**
   * 256 operations in flight with 64 MiB of staging memory, the caller of one more waits, no
   * deadline, 30 seconds for draining.
   *
   * @return the options
   */
  public static AsyncOptions defaults() {
    return new AsyncOptions(
        256, WhenFull.BLOCK, 64 * MIB, null, Duration.ofSeconds(30), false, null);
  }

  /**
   * The same with another queue depth.
   *
   * @param depth how many operations may be in flight, at least 1
   * @return other options
   */
  public AsyncOptions queueDepth(int depth) {
    return new AsyncOptions(
        depth, whenFull, stagingBytes, deadline, drainTimeout, onLibrbdThread, executor);
  }

  /**
   * The same with another behaviour when it is full.
   *
   * @param behaviour what happens to an operation too many
   * @return other options
   */
  public AsyncOptions whenFull(WhenFull behaviour) {
    return new AsyncOptions(
        queueDepth, behaviour, stagingBytes, deadline, drainTimeout, onLibrbdThread, executor);
  }

  /**
   * The same with another bound of the staging memory.
   *
   * @param bytes how much the operations in flight may take together, 1 MiB or more
   * @return other options
   */
  public AsyncOptions stagingBytes(int bytes) {
    return new AsyncOptions(
        queueDepth, whenFull, bytes, deadline, drainTimeout, onLibrbdThread, executor);
  }

  /**
   * The same with a deadline.
   *
   * @param time after which time a future fails
   * @return other options
   */
  public AsyncOptions deadline(Duration time) {
    Objects.requireNonNull(time, "time");
    return new AsyncOptions(
        queueDepth, whenFull, stagingBytes, time, drainTimeout, onLibrbdThread, executor);
  }

  /**
   * The same with another limit for draining.
   *
   * @param time how long a close lets futures wait for what is in flight
   * @return other options
   */
  public AsyncOptions drainTimeout(Duration time) {
    return new AsyncOptions(
        queueDepth, whenFull, stagingBytes, deadline, time, onLibrbdThread, executor);
  }

  /**
   * The same with futures that complete on a thread of librbd.
   *
   * @param direct whether they do
   * @return other options
   */
  public AsyncOptions onLibrbdThread(boolean direct) {
    return new AsyncOptions(
        queueDepth, whenFull, stagingBytes, deadline, drainTimeout, direct, executor);
  }

  /**
   * The same with futures that complete on another executor than that of the connection.
   *
   * @param other the executor
   * @return other options
   */
  public AsyncOptions executor(Executor other) {
    return new AsyncOptions(
        queueDepth,
        whenFull,
        stagingBytes,
        deadline,
        drainTimeout,
        onLibrbdThread,
        Objects.requireNonNull(other, "other"));
  }
}
