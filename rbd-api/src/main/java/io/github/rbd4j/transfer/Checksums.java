package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import io.github.rbd4j.internal.ReadPipeline;
import io.github.rbd4j.internal.ZeroRuns;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;

/** What was copied, so that it can be read back and compared. */
final class Checksums {
  private record Sum(DiffExtent extent, long value) {}

  private final List<Sum> sums = new ArrayList<>();

  void add(ReadPipeline.Piece piece) {
    MemorySegment data = piece.data();
    sums.add(
        new Sum(
            new DiffExtent(piece.offset(), piece.length(), data != null),
            data == null ? 0 : of(data)));
  }

  private static long of(MemorySegment data) {
    CRC32C sum = new CRC32C();
    sum.update(data.asByteBuffer());
    return sum.getValue();
  }

  /** Reads back what was copied. */
  void verify(Image copy, TransferOptions options) throws IOException {
    Iterator<DiffExtent> ranges =
        sums.stream()
            .map(sum -> new DiffExtent(sum.extent.offset(), sum.extent.length(), true))
            .iterator();
    try (ReadPipeline pieces = new ReadPipeline(copy, options.parallelism(), ranges)) {
      for (Sum sum : sums) {
        long end = sum.extent.offset() + sum.extent.length();
        long at = sum.extent.offset();
        // Data was copied in the pieces in which it is read, a hole is read in several.
        while (at < end) {
          var piece = Objects.requireNonNull(pieces.next());
          MemorySegment data = Objects.requireNonNull(piece.data());
          boolean same = sum.extent.exists() ? of(data) == sum.value : ZeroRuns.isZero(data);
          if (!same) {
            throw new ChecksumMismatchException(copy.toString(), piece.offset(), piece.length());
          }
          at += piece.length();
        }
      }
    }
  }
}
