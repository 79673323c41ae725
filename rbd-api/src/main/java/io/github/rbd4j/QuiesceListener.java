package io.github.rbd4j;

/**
 * Prepares what uses an image for a snapshot, so that the snapshot is consistent: a file system
 * flushes and freezes, a database finishes its transactions.
 *
 * <p>The methods run on the executor of the cluster connection and may call rbd4j.
 */
public interface QuiesceListener {
  /**
   * Called when a snapshot is about to be taken, which waits until this returns. It may write and
   * flush the image; after it has returned there should be no more writes.
   *
   * @throws Exception if the snapshot must not be taken
   */
  void quiesce() throws Exception;

  /** Called when the snapshot was taken, or was given up, and writing may go on. */
  void unquiesce();
}
