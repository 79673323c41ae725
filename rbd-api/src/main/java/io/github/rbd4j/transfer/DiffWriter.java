package io.github.rbd4j.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Writes one difference of either version. */
final class DiffWriter {
  private final StreamOutput out;
  private final DiffFormat format;

  /** Writes the banner and the header. */
  DiffWriter(StreamOutput out, DiffFormat format, DiffHeader header) throws IOException {
    this.out = out;
    this.format = format;
    out.text(format.banner());
    if (header.fromSnapshot() != null) {
      name(DiffFormat.FROM_SNAPSHOT, header.fromSnapshot());
    }
    if (header.toSnapshot() != null) {
      name(DiffFormat.TO_SNAPSHOT, header.toSnapshot());
      if (format == DiffFormat.V2) {
        record(DiffFormat.PROTECTION, 1);
        out.u8(header.isProtected() ? 1 : 0);
      }
    }
    record(DiffFormat.SIZE, 8);
    out.le64(header.size());
  }

  private void record(int tag, long length) throws IOException {
    out.u8(tag);
    if (format == DiffFormat.V2) {
      out.le64(length);
    }
  }

  private void name(int tag, String name) throws IOException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    record(tag, 4 + bytes.length);
    out.string(bytes);
  }

  /** The head of an extent with data; its data follows. */
  void write(long offset, long length) throws IOException {
    record(DiffFormat.WRITE, 16 + length);
    out.le64(offset);
    out.le64(length);
  }

  /** Data of the extent whose head was written last. */
  void data(MemorySegment data) throws IOException {
    out.data(data);
  }

  void zero(long offset, long length) throws IOException {
    record(DiffFormat.ZERO, 16);
    out.le64(offset);
    out.le64(length);
  }

  void end() throws IOException {
    out.u8(DiffFormat.END);
    out.flush();
  }
}
