package io.github.rbd4j.transfer;

import java.time.Duration;

/** Measures a transfer and tells its listener. */
final class Meter {
  private static final long UNKNOWN = -1;

  private final TransferOptions options;
  private final long start = System.nanoTime();
  private final long from;
  private long total;
  private long partStart;
  private long partEnd;
  private long dataBytes;

  private Meter(TransferOptions options, long from, long total) {
    this.options = options;
    this.from = from;
    this.total = total;
  }

  /** Of something whose length is known. */
  static Meter of(TransferOptions options, long total) {
    return new Meter(options, 0, total);
  }

  /** Of something of which nobody knows how long it is. */
  static Meter ofUnknown(TransferOptions options) {
    return new Meter(options, 0, UNKNOWN);
  }

  /** Of what goes on at an offset. */
  static Meter resumed(TransferOptions options, long from, long total) {
    return new Meter(options, from, total);
  }

  /** Begins one of several parts, behind those that were. */
  void nextPart(long length) {
    partStart = partEnd;
    partEnd += length;
  }

  /** Begins the last part, with which the total is known. */
  void lastPart(long length) {
    nextPart(length);
    total = partEnd;
  }

  void addData(long bytes) {
    dataBytes += bytes;
  }

  /** The current part is done up to an offset. */
  void at(long offset) {
    options
        .listener()
        .onProgress(
            new TransferProgress(
                from,
                partStart + offset,
                total,
                dataBytes,
                Duration.ofNanos(System.nanoTime() - start)));
  }
}
