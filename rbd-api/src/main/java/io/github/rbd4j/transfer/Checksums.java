package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import io.github.rbd4j.internal.ReadPipeline;
import io.github.rbd4j.internal.TransferBlocks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What was copied, so that it can be read back and compared. There is one sum of four bytes for
 * each region of an image, however many extents lie in it.
 */
final class Checksums {
  private static final MemorySegment ZEROS = Arena.global().allocate(TransferBlocks.SIZE);

  private int[] sums = new int[64];
  private int count;
  private final Regions copied = new Regions(this::append);

  /** Told the sum of each region that is complete. */
  @FunctionalInterface
  private interface Listener {
    void sum(long offset, long length, int sum) throws IOException;
  }

  /** Sums up what lies in the same region, as long as it comes one after the other. */
  private static final class Regions {
    private static final long SIZE = 1 << 20;

    private final Listener listener;
    private final CRC32C sum = new CRC32C();
    private long start = -1;
    private long end;

    Regions(Listener listener) {
      this.listener = listener;
    }

    /** A hole is zeros, in the parts in which they are read back. */
    void add(long offset, long length, @Nullable MemorySegment data) throws IOException {
      if (data != null) {
        add(offset, data);
        return;
      }
      for (long at = offset; at < offset + length; ) {
        long part = Math.min(TransferBlocks.SIZE - at % TransferBlocks.SIZE, offset + length - at);
        add(at, ZEROS.asSlice(0, part));
        at += part;
      }
    }

    private void add(long offset, MemorySegment data) throws IOException {
      if (start >= 0 && offset / SIZE != start / SIZE) {
        complete();
      }
      // Of an image with stripes librbd tells one object after the other, not one offset.
      start = start < 0 ? offset : Math.min(start, offset);
      end = Math.max(end, offset + data.byteSize());
      sum.update(data.asByteBuffer());
    }

    void complete() throws IOException {
      if (start >= 0) {
        listener.sum(start, end - start, (int) sum.getValue());
        sum.reset();
        start = -1;
        end = 0;
      }
    }
  }

  private void append(long offset, long length, int sum) {
    if (count == sums.length) {
      sums = Arrays.copyOf(sums, 2 * count);
    }
    sums[count++] = sum;
  }

  void add(ReadPipeline.Piece piece) throws IOException {
    copied.add(piece.offset(), piece.length(), piece.data());
  }

  /** Compares the sums of a copy with these, in their order. */
  private final class Comparing implements Listener {
    private final Image copy;
    private int compared;

    Comparing(Image copy) {
      this.copy = copy;
    }

    @Override
    public void sum(long offset, long length, int sum) throws ChecksumMismatchException {
      if (compared == count || sums[compared] != sum) {
        throw new ChecksumMismatchException(copy.toString(), offset, length);
      }
      compared++;
    }

    void requireAll() throws IOException {
      if (compared < count) {
        throw new IOException("of " + copy + " less was read back than was copied");
      }
    }
  }

  /**
   * Reads back what was copied.
   *
   * @param extents those that were copied, in the same order
   */
  void verify(Image copy, Stream<DiffExtent> extents, TransferOptions options) throws IOException {
    copied.complete();
    Comparing comparing = new Comparing(copy);
    Regions readBack = new Regions(comparing);
    Iterator<DiffExtent> ranges =
        extents.map(extent -> new DiffExtent(extent.offset(), extent.length(), true)).iterator();
    try (ReadPipeline pieces = new ReadPipeline(copy, options.parallelism(), ranges)) {
      for (var piece = pieces.next(); piece != null; piece = pieces.next()) {
        readBack.add(piece.offset(), piece.length(), Objects.requireNonNull(piece.data()));
      }
    }
    readBack.complete();
    comparing.requireAll();
  }
}
