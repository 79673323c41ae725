package io.github.rbd4j.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/** Writes the elements of Ceph's formats. What is small is collected until data follows. */
final class StreamOutput {
  private final WritableByteChannel channel;
  private final ByteBuffer small = ByteBuffer.allocateDirect(8192).order(ByteOrder.LITTLE_ENDIAN);

  StreamOutput(WritableByteChannel channel) {
    if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
      throw new IllegalBlockingModeException();
    }
    this.channel = channel;
  }

  private ByteBuffer room(int length) throws IOException {
    if (small.remaining() < length) {
      flush();
    }
    return small;
  }

  void u8(int value) throws IOException {
    room(1).put((byte) value);
  }

  void le64(long value) throws IOException {
    room(8).putLong(value);
  }

  void text(String text) throws IOException {
    raw(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** A string with its length in 32 bits before it. */
  void string(byte[] bytes) throws IOException {
    room(4).putInt(bytes.length);
    raw(bytes);
  }

  private void raw(byte[] bytes) throws IOException {
    if (bytes.length <= small.capacity()) {
      room(bytes.length).put(bytes);
    } else {
      flush();
      writeAll(ByteBuffer.wrap(bytes));
    }
  }

  void data(MemorySegment source) throws IOException {
    flush();
    writeAll(source.asReadOnly().asByteBuffer());
  }

  void flush() throws IOException {
    writeAll(small.flip());
    small.clear();
  }

  private void writeAll(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
