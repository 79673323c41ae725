package io.github.rbd4j;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link AsyncImage} works.
 *
 * @param queueDepth how many operations may be in flight, at least 1
 * @param whenFull what happens to one more
 * @param deadline after which time a future fails with {@link
 *     java.util.concurrent.TimeoutException}, while the operation goes on; null for never
 * @param onLibrbdThread whether futures complete on a thread of librbd, which is quicker. What
 *     depends on them must not block then: a blocking call of rbd4j throws {@link
 *     IllegalStateException} there; and a write that another client made partly void by shrinking
 *     the image at the same moment is not found out. Otherwise they complete on the executor of the
 *     connection
 */
public record AsyncOptions(
    int queueDepth, WhenFull whenFull, @Nullable Duration deadline, boolean onLibrbdThread) {

  /** What happens to an operation when as many are in flight as may be. */
  public enum WhenFull {
    /** The caller waits until one is done. */
    BLOCK,
    /** The future fails with {@link java.util.concurrent.RejectedExecutionException}. */
    FAIL,
    /** It waits in a queue, which has no bound, while the caller goes on. */
    QUEUE
  }

  /** Checks the values. */
  public AsyncOptions {
    if (queueDepth < 1) {
      throw new IllegalArgumentException("queueDepth " + queueDepth + " is less than 1");
    }
    Objects.requireNonNull(whenFull, "whenFull");
    if (deadline != null && !deadline.isPositive()) {
      throw new IllegalArgumentException("deadline " + deadline + " is not positive");
    }
  }

  /**
   * 256 operations in flight, the caller of one more waits, no deadline.
   *
   * @return the options
   */
  public static AsyncOptions defaults() {
    return new AsyncOptions(256, WhenFull.BLOCK, null, false);
  }

  /**
   * The same with another queue depth.
   *
   * @param depth how many operations may be in flight, at least 1
   * @return other options
   */
  public AsyncOptions queueDepth(int depth) {
    return new AsyncOptions(depth, whenFull, deadline, onLibrbdThread);
  }

  /**
   * The same with another behaviour when full.
   *
   * @param behaviour what happens to an operation too many
   * @return other options
   */
  public AsyncOptions whenFull(WhenFull behaviour) {
    return new AsyncOptions(queueDepth, behaviour, deadline, onLibrbdThread);
  }

  /**
   * The same with a deadline.
   *
   * @param time after which time a future fails
   * @return other options
   */
  public AsyncOptions deadline(Duration time) {
    return new AsyncOptions(queueDepth, whenFull, time, onLibrbdThread);
  }

  /**
   * The same with futures that complete on a thread of librbd.
   *
   * @param direct whether they do
   * @return other options
   */
  public AsyncOptions onLibrbdThread(boolean direct) {
    return new AsyncOptions(queueDepth, whenFull, deadline, direct);
  }
}
