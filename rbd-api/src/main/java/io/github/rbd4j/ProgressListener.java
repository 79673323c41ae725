package io.github.rbd4j;

/**
 * Told how far a long operation is.
 *
 * <p>It runs on a thread of librbd or on the calling thread, never on two at once for one
 * operation. It must be quick, and must not call rbd4j: a blocking call from here throws {@link
 * IllegalStateException}. An exception that it throws comes out of the operation; where librbd can
 * be stopped, it also stops the operation (throw {@link java.util.concurrent.CancellationException}
 * to cancel). librbd cannot stop what it has asked another client to do: one that owns the
 * exclusive lock of the image resizes, flattens, sparsifies or rebuilds it in the place of the
 * caller, to the end, and only then the exception comes out.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Hears nothing. */
  ProgressListener NONE = (done, total) -> {};

  /**
   * Called as the operation advances.
   *
   * @param done how much is done, in units of the operation: bytes or objects
   * @param total how much there is to do, in the same unit
   */
  void onProgress(long done, long total);
}
