package io.github.rbd4j.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the elements of Ceph's formats: little-endian numbers, strings with their length before
 * them, data. It reads nothing ahead, so that what follows a stream in a channel stays there, and
 * it allocates no more than a limit that does not come from the stream.
 */
final class StreamInput {
  private final ReadableByteChannel channel;
  private final ByteBuffer small = ByteBuffer.allocateDirect(4096).order(ByteOrder.LITTLE_ENDIAN);
  private final @Nullable SeekableByteChannel seekable;
  private long position;

  StreamInput(ReadableByteChannel channel) {
    this(channel, null);
  }

  private StreamInput(ReadableByteChannel channel, @Nullable SeekableByteChannel seekable) {
    if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
      throw new IllegalBlockingModeException();
    }
    this.channel = channel;
    this.seekable = seekable;
  }

  /** Of a file, in which what is left out need not be read. */
  static StreamInput ofFile(SeekableByteChannel file) {
    return new StreamInput(file, file);
  }

  long position() {
    return position;
  }

  MalformedStreamException malformed(String problem) {
    return new MalformedStreamException(position, problem);
  }

  /** Fills a buffer from its position to its limit; false if the stream ends before its start. */
  private boolean fill(ByteBuffer buffer, String what) throws IOException {
    int start = buffer.position();
    while (buffer.hasRemaining()) {
      int count = channel.read(buffer);
      if (count < 0) {
        if (buffer.position() == start) {
          return false;
        }
        throw malformed("the stream ends within " + what);
      }
      position += count;
    }
    return true;
  }

  private ByteBuffer small(int length, String what) throws IOException {
    ByteBuffer buffer = small.clear().limit(length);
    if (!fill(buffer, what)) {
      throw malformed("the stream ends before " + what);
    }
    return buffer.flip();
  }

  int u8(String what) throws IOException {
    return small(1, what).get() & 0xff;
  }

  long le64(String what) throws IOException {
    return small(8, what).getLong();
  }

  /** A number that is a size, an offset or a length: not negative. */
  long size(String what) throws IOException {
    long start = position;
    long value = le64(what);
    if (value < 0) {
      throw new MalformedStreamException(
          start, what + " is " + Long.toUnsignedString(value) + ", more than 2^63-1");
    }
    return value;
  }

  /** A text that must be there literally. */
  void expect(String text) throws IOException {
    byte[] expected = text.getBytes(StandardCharsets.US_ASCII);
    long start = position;
    ByteBuffer found = small(expected.length, "\"" + text.strip() + "\"");
    if (!found.equals(ByteBuffer.wrap(expected))) {
      throw new MalformedStreamException(start, "it does not begin with \"" + text.strip() + "\"");
    }
  }

  /** A string with its length in 32 bits before it. */
  String string(int max, String what) throws IOException {
    long start = position;
    long length = Integer.toUnsignedLong(small(4, "the length of " + what).getInt());
    if (length > max) {
      throw new MalformedStreamException(
          start, what + " has " + length + " bytes, more than " + max);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    if (length > 0 && !fill(bytes, what)) {
      throw malformed("the stream ends before " + what);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException e) {
      MalformedStreamException malformed =
          new MalformedStreamException(start, what + " is not UTF-8");
      malformed.initCause(e);
      throw malformed;
    }
  }

  /** Data, which must be there whole. */
  void data(MemorySegment target) throws IOException {
    if (target.byteSize() > 0 && !fill(target.asByteBuffer(), "data")) {
      throw malformed("the stream ends before its data");
    }
  }

  /** As much data as there is: less than the target only at the end of the stream. */
  long dataUpTo(MemorySegment target) throws IOException {
    ByteBuffer buffer = target.asByteBuffer();
    while (buffer.hasRemaining()) {
      int count = channel.read(buffer);
      if (count < 0) {
        break;
      }
      position += count;
    }
    return buffer.position();
  }

  void skip(long length, String what) throws IOException {
    if (seekable != null) {
      long left = seekable.size() - seekable.position();
      long part = Math.min(length, left);
      seekable.position(seekable.position() + part);
      position += part;
      if (part < length) {
        throw malformed("the stream ends within " + what);
      }
      return;
    }
    for (long done = 0; done < length; ) {
      int part = (int) Math.min(small.capacity(), length - done);
      small(part, what);
      done += part;
    }
  }

  /** Checks that nothing follows. */
  void expectEnd() throws IOException {
    if (fill(small.clear().limit(1), "nothing")) {
      throw new MalformedStreamException(position - 1, "something follows its end");
    }
  }
}
