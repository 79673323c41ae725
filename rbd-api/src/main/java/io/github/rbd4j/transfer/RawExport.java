package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.internal.ReadPipeline;
import io.github.rbd4j.internal.ZeroRuns;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes the bytes of an image and nothing else. */
final class RawExport {
  private static final MemorySegment ZEROS = Arena.global().allocate(1 << 20);

  private final Image image;
  private final TransferOptions options;
  private final long offset;
  private final long size;
  private final Meter meter;

  /** From an offset on. */
  RawExport(Image image, TransferOptions options, long offset) {
    this.image = image;
    this.options = options;
    this.offset = offset;
    this.size = image.size();
    this.meter = Meter.resumed(options, offset, size);
  }

  /** Into a file, in which what is zero is left out. */
  void toFile(FileChannel file) throws IOException {
    Extents.readFrom(
        offset,
        image,
        options,
        pieces -> {
          for (var piece = pieces.next(); piece != null; piece = pieces.next()) {
            MemorySegment data = piece.data();
            if (data != null) {
              writeSparse(file, piece.offset(), data);
            }
            meter.at(piece.offset() + piece.length());
          }
        });
    setSize(file);
    meter.at(size);
  }

  private void writeSparse(FileChannel file, long at, MemorySegment data) throws IOException {
    ZeroRuns.forEach(
        data,
        options.sparseSize(),
        (start, length, zero) -> {
          if (!zero) {
            ByteBuffer buffer = data.asSlice(start, length).asByteBuffer();
            while (buffer.hasRemaining()) {
              file.write(buffer, at + start + buffer.position());
            }
            meter.addData(length);
          }
        });
  }

  /** A file whose end is a hole gets its size from a byte at its end. */
  private void setSize(FileChannel file) throws IOException {
    if (file.size() > size) {
      file.truncate(size);
    } else if (file.size() < size) {
      ByteBuffer zero = ByteBuffer.allocate(1);
      while (zero.hasRemaining()) {
        file.write(zero, size - 1);
      }
    }
  }

  /** Into a stream, where holes have to be written. */
  void toStream(StreamOutput out) throws IOException {
    Extents.readFrom(offset, image, options, pieces -> writeAll(pieces, out));
    out.flush();
  }

  private void writeAll(ReadPipeline pieces, StreamOutput out) throws IOException {
    long at = offset;
    for (var piece = pieces.next(); piece != null; piece = pieces.next()) {
      MemorySegment data = piece.data();
      if (data != null) {
        writeZeros(at, piece.offset(), out);
        out.data(data);
        meter.addData(piece.length());
        at = piece.offset() + piece.length();
        meter.at(at);
      }
    }
    writeZeros(at, size, out);
  }

  private void writeZeros(long from, long to, StreamOutput out) throws IOException {
    for (long at = from; at < to; ) {
      long part = Math.min(ZEROS.byteSize(), to - at);
      out.data(ZEROS.asSlice(0, part));
      at += part;
      meter.at(at);
    }
  }
}
