package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Preview;
import io.github.rbd4j.internal.TransferBlocks;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Merges two differences that follow each other into one, as {@code rbd merge-diff} does. It needs
 * no cluster and no more memory than one block.
 */
@Preview
public final class DiffMerger {
  private DiffMerger() {}

  /**
   * Merges two files into a new one, which is removed if it cannot be finished.
   *
   * @param first the earlier difference
   * @param second the later difference
   * @param merged the new file
   * @throws MalformedStreamException if one of the files is not a difference, or its extents are
   *     not in ascending order
   * @throws IOException if a file cannot be read or written
   * @throws IllegalArgumentException if the second does not build on what the first leads to
   */
  public static void merge(Path first, Path second, Path merged) throws IOException {
    try (FileChannel one = FileChannel.open(first);
        FileChannel two = FileChannel.open(second)) {
      ExportFile.create(merged, target -> merge(one, two, target));
    }
  }

  /**
   * Merges what two channels give. The result has version 1 if both have it, otherwise version 2.
   *
   * @param first the earlier difference
   * @param second the later difference
   * @param merged where to write, in blocking mode
   * @throws MalformedStreamException if one of the streams is not a difference, or its extents are
   *     not in ascending order
   * @throws IOException if a channel cannot be read or written
   * @throws IllegalArgumentException if the second does not build on what the first leads to
   */
  public static void merge(
      ReadableByteChannel first, ReadableByteChannel second, WritableByteChannel merged)
      throws IOException {
    DiffReader one = new DiffReader(new StreamInput(first));
    DiffReader two = new DiffReader(new StreamInput(second));
    if (!Objects.equals(one.header().toSnapshot(), two.header().fromSnapshot())) {
      throw new IllegalArgumentException(
          "the first leads to snapshot "
              + one.header().toSnapshot()
              + ", the second builds on "
              + two.header().fromSnapshot());
    }
    MemorySegment block = TransferBlocks.take();
    try {
      merge(one, two, new StreamOutput(merged), block);
    } finally {
      TransferBlocks.give(block);
    }
  }

  private static void merge(
      DiffReader first, DiffReader second, StreamOutput out, MemorySegment block)
      throws IOException {
    DiffHeader end = second.header();
    DiffFormat format =
        first.format() == DiffFormat.V1 && second.format() == DiffFormat.V1
            ? DiffFormat.V1
            : DiffFormat.V2;
    DiffWriter writer =
        new DiffWriter(
            out,
            format,
            new DiffHeader(
                first.header().fromSnapshot(), end.toSnapshot(), end.isProtected(), end.size()));
    // What the first cut off and the second adds again reads as zeros.
    Cursor older = new Cursor(first, first.header().size(), end.size(), writer, block);
    Cursor newer = new Cursor(second, end.size(), end.size(), writer, block);
    while (!newer.atEnd()) {
      older.copyUpTo(newer.offset());
      long covered = newer.offset() + newer.length();
      newer.copyUpTo(covered);
      older.dropUpTo(covered);
    }
    older.copyUpTo(end.size());
    older.dropUpTo(Long.MAX_VALUE);
    writer.end();
  }

  /** Goes through one difference. */
  private static final class Cursor {
    private final DiffReader reader;
    private final DiffWriter writer;
    private final MemorySegment block;
    private @Nullable DiffExtent extent;
    private @Nullable DiffExtent tail;
    private long end;

    Cursor(DiffReader reader, long size, long newSize, DiffWriter writer, MemorySegment block)
        throws IOException {
      this.reader = reader;
      this.writer = writer;
      this.block = block;
      this.tail = newSize > size ? new DiffExtent(size, newSize - size, false) : null;
      advance();
    }

    private void advance() throws IOException {
      extent = reader.next();
      if (extent == null) {
        extent = tail;
        tail = null;
      }
      if (extent != null) {
        if (extent.offset() < end) {
          throw reader.malformed(
              "an extent at " + extent.offset() + " behind one that ends at " + end);
        }
        end = extent.offset() + extent.length();
      }
    }

    boolean atEnd() {
      return extent == null;
    }

    long offset() {
      return Objects.requireNonNull(extent).offset();
    }

    long length() {
      return Objects.requireNonNull(extent).length();
    }

    /** Copies what lies before an offset. */
    void copyUpTo(long limit) throws IOException {
      for (DiffExtent e = extent; e != null && e.offset() < limit; e = extent) {
        long part = Math.min(e.length(), limit - e.offset());
        if (e.exists()) {
          writer.write(e.offset(), part);
          copyData(part);
        } else {
          writer.zero(e.offset(), part);
        }
        shorten(e, part);
      }
    }

    private void copyData(long length) throws IOException {
      for (long done = 0; done < length; ) {
        MemorySegment data = block.asSlice(0, Math.min(block.byteSize(), length - done));
        reader.data(data);
        writer.data(data);
        done += data.byteSize();
      }
    }

    /** Leaves out what lies before an offset. */
    void dropUpTo(long limit) throws IOException {
      for (DiffExtent e = extent; e != null && e.offset() < limit; e = extent) {
        long part = Math.min(e.length(), limit - e.offset());
        if (e.exists()) {
          reader.skipData(part);
        }
        shorten(e, part);
      }
    }

    private void shorten(DiffExtent e, long part) throws IOException {
      if (part == e.length()) {
        advance();
      } else {
        extent = new DiffExtent(e.offset() + part, e.length() - part, e.exists());
      }
    }
  }
}
