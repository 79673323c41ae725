package io.github.rbd4j.transfer;

import java.time.Duration;

/** Measures a transfer and tells its listener. */
final class Meter {
  private final TransferListener listener;
  private final long start = System.nanoTime();
  private long base;
  private long total;
  private long dataBytes;

  Meter(TransferOptions options, long total) {
    this.listener = options.listener();
    this.total = total;
  }

  /** The transfer consists of more than was known; what comes now begins behind what was. */
  void nextPart(long length) {
    base = Math.max(0, total);
    total = base + length;
  }

  void addData(long bytes) {
    dataBytes += bytes;
  }

  /** The current part is done up to an offset. */
  void at(long offset) {
    listener.onProgress(
        new TransferProgress(
            base + offset, total, dataBytes, Duration.ofNanos(System.nanoTime() - start)));
  }
}
