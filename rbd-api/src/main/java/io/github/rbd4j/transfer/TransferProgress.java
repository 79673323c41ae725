package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import java.time.Duration;
import java.util.Optional;

/**
 * How far a transfer is.
 *
 * @param from where it began: 0, or the offset from which on it was resumed
 * @param done how many bytes of the image are dealt with, holes included, from its start and
 *     without a gap: a raw transfer can be resumed here. Of an image with snapshots the bytes of
 *     each of them count
 * @param total how many there are; -1 if that is not known yet
 * @param dataBytes how many bytes of data were moved since it began, without holes
 * @param elapsed how long it has taken since it began
 */
@Preview
public record TransferProgress(long from, long done, long total, long dataBytes, Duration elapsed) {
  /**
   * The mean rate so far.
   *
   * @return bytes of data for each second
   */
  public double bytesPerSecond() {
    return dataBytes / Math.max(1e-9, elapsed.toNanos() / 1e9);
  }

  /**
   * How long it will still take if it goes on like this.
   *
   * @return the time, or empty if nothing was done yet or the total is not known
   */
  public Optional<Duration> remaining() {
    if (total < 0 || done == from) {
      return Optional.empty();
    }
    double nanos = (double) elapsed.toNanos() * (total - done) / (done - from);
    return Optional.of(Duration.ofNanos((long) nanos));
  }
}
