package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;

/**
 * Told how far a transfer is, on the thread that does it, after each block. An exception that it
 * throws ends the transfer and comes out of it (throw {@link
 * java.util.concurrent.CancellationException} to cancel).
 */
@Preview
@FunctionalInterface
public interface TransferListener {
  /** Hears nothing. */
  TransferListener NONE = progress -> {};

  /**
   * Called as the transfer advances.
   *
   * @param progress how far it is
   */
  void onProgress(TransferProgress progress);
}
