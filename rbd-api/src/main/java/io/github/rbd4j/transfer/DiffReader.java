package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads one difference of either version. Whatever the stream holds, what this class returns is
 * sound: names that can be names, and extents within the size of the header.
 */
final class DiffReader {
  /** Far above the 4096 bytes that the {@code rbd} program reads: snapshots can have such names. */
  private static final int MAX_NAME = 1 << 16;

  private final StreamInput in;
  private final DiffFormat format;
  private final DiffHeader header;

  /** The first tag behind the header, until it is used. */
  private int pendingTag;

  /** Where that record begins. */
  private long pendingStart;

  /** The length that a record of version 2 has before it. */
  private long recordLength;

  private long dataLeft;
  private boolean ended;

  /** Reads the banner and the header; which version it is stands in the banner. */
  DiffReader(StreamInput in) throws IOException {
    this(in, readBanner(in));
  }

  /** Reads the header of a stream whose banner was read. */
  private DiffReader(StreamInput in, DiffFormat format) throws IOException {
    this.in = in;
    this.format = format;
    this.header = readHeader();
  }

  /** Reads the banner and the header of a difference within an image. */
  static DiffReader inImage(StreamInput in) throws IOException {
    in.expect(DiffFormat.V2.banner());
    return new DiffReader(in, DiffFormat.V2);
  }

  private static DiffFormat readBanner(StreamInput in) throws IOException {
    in.expect("rbd diff v");
    long start = in.position();
    DiffFormat format =
        switch (in.u8("the version")) {
          case '1' -> DiffFormat.V1;
          case '2' -> DiffFormat.V2;
          default -> throw new MalformedStreamException(start, "an unknown version");
        };
    if (in.u8("the end of the banner") != '\n') {
      throw new MalformedStreamException(start + 1, "the banner does not end");
    }
    return format;
  }

  DiffFormat format() {
    return format;
  }

  DiffHeader header() {
    return header;
  }

  private DiffHeader readHeader() throws IOException {
    String from = null;
    String to = null;
    boolean isProtected = false;
    long size = -1;
    while (true) {
      long start = in.position();
      int tag = readTag();
      switch (tag) {
        case DiffFormat.FROM_SNAPSHOT -> {
          requireFirst(from == null, start, "a second start snapshot");
          from = readName("the start snapshot", start);
        }
        case DiffFormat.TO_SNAPSHOT -> {
          requireFirst(to == null, start, "a second end snapshot");
          to = readName("the end snapshot", start);
        }
        case DiffFormat.PROTECTION -> {
          if (format == DiffFormat.V1) {
            throw new MalformedStreamException(start, "a protection status in version 1");
          }
          requireProtectionLength(start);
          isProtected = in.u8("the protection status") != 0;
        }
        case DiffFormat.SIZE -> {
          requireFirst(size < 0, start, "a second size");
          requireLength(8, start, "the size");
          size = in.size("the size");
        }
        case DiffFormat.WRITE, DiffFormat.ZERO, DiffFormat.END -> {
          if (size < 0) {
            throw new MalformedStreamException(start, "the header has no size");
          }
          pendingTag = tag;
          pendingStart = start;
          return new DiffHeader(from, to, isProtected, size);
        }
        default -> skipUnknown(tag, start);
      }
    }
  }

  private static void requireFirst(boolean first, long start, String what)
      throws MalformedStreamException {
    if (!first) {
      throw new MalformedStreamException(start, what);
    }
  }

  private int readTag() throws IOException {
    int tag = in.u8("a record");
    if (format == DiffFormat.V2 && tag != DiffFormat.END) {
      recordLength = in.size("the length of a record");
    }
    return tag;
  }

  /** In version 2 what is not known can be left out, in version 1 nobody knows where it ends. */
  private void skipUnknown(int tag, long start) throws IOException {
    if (format == DiffFormat.V1) {
      throw new MalformedStreamException(start, "an unknown record, tag " + tag);
    }
    in.skip(recordLength, "a record of tag " + tag);
  }

  private void requireLength(long length, long start, String what) throws MalformedStreamException {
    if (format == DiffFormat.V2 && recordLength != length) {
      throw new MalformedStreamException(
          start, what + " has " + recordLength + " bytes instead of " + length);
    }
  }

  /** It is one byte; before Ceph 18 the program said eight of it, but wrote one. */
  private void requireProtectionLength(long start) throws MalformedStreamException {
    if (recordLength != 8) {
      requireLength(1, start, "the protection status");
    }
  }

  private String readName(String what, long start) throws IOException {
    long nameStart = in.position();
    String name = in.string(MAX_NAME, what);
    requireLength(in.position() - nameStart, start, what);
    if (name.isEmpty()
        || name.indexOf('\0') >= 0
        || name.indexOf('/') >= 0
        || name.indexOf('@') >= 0) {
      throw new MalformedStreamException(
          start, what + " has a name that is empty or has a NUL, '/' or '@' in it");
    }
    return name;
  }

  /**
   * The next extent, null at the end. One that exists is followed by its data, which must be taken
   * first.
   */
  @Nullable DiffExtent next() throws IOException {
    skipData(dataLeft);
    while (!ended) {
      long start = in.position();
      int tag = pendingTag;
      if (tag == 0) {
        tag = readTag();
      } else {
        start = pendingStart;
        pendingTag = 0;
      }
      switch (tag) {
        case DiffFormat.END -> ended = true;
        case DiffFormat.WRITE, DiffFormat.ZERO -> {
          return readExtent(tag == DiffFormat.WRITE, start);
        }
        case DiffFormat.FROM_SNAPSHOT,
            DiffFormat.TO_SNAPSHOT,
            DiffFormat.PROTECTION,
            DiffFormat.SIZE ->
            throw new MalformedStreamException(start, "a record of the header behind data");
        default -> skipUnknown(tag, start);
      }
    }
    return null;
  }

  private DiffExtent readExtent(boolean exists, long start) throws IOException {
    long offset = in.size("the offset of an extent");
    long length = in.size("the length of an extent");
    if (length == 0 || offset > header.size() || length > header.size() - offset) {
      throw new MalformedStreamException(
          start,
          "an extent of "
              + length
              + " bytes at "
              + offset
              + (length == 0 ? "" : " behind the end, which is " + header.size()));
    }
    // The length of the record cannot overflow: the extent lies within the size.
    requireLength(exists ? 16 + length : 16, start, "the record of an extent of " + length);
    dataLeft = exists ? length : 0;
    return new DiffExtent(offset, length, exists);
  }

  MalformedStreamException malformed(String problem) {
    return in.malformed(problem);
  }

  /** Takes data of the current extent. */
  void data(MemorySegment target) throws IOException {
    in.data(target);
    dataLeft -= target.byteSize();
  }

  /** Leaves data of the current extent out. */
  void skipData(long length) throws IOException {
    in.skip(length, "data");
    dataLeft -= length;
  }
}
