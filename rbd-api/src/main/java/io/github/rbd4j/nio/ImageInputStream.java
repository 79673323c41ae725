package io.github.rbd4j.nio;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import io.github.rbd4j.Preview;
import io.github.rbd4j.internal.ReadPipeline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads an image from one offset to another. The image is read in large blocks, several of them
 * ahead of what is asked for. Threads take turns, and the image stays open.
 */
@Preview
public final class ImageInputStream extends InputStream {
  private static final int DEFAULT_DEPTH = 4;

  private final Image image;
  private final Turn turn;
  private final int depth;
  private final long end;
  private long position;
  private @Nullable ReadPipeline pipeline;
  private MemorySegment piece = MemorySegment.NULL;
  private long taken;
  private boolean closed;

  /**
   * Reads all of an image, with four blocks of 4 MiB read ahead.
   *
   * @param image the image
   */
  public ImageInputStream(Image image) {
    this(image, 0, Long.MAX_VALUE, DEFAULT_DEPTH);
  }

  /**
   * Reads a part of an image.
   *
   * @param image the image
   * @param offset where to begin, in bytes
   * @param length how many bytes; it ends where the image ends, at the latest
   * @param readAhead how many blocks of 4 MiB may be read ahead, at least 1
   */
  public ImageInputStream(Image image, long offset, long length, int readAhead) {
    if (offset < 0 || length < 0 || readAhead < 1) {
      throw new IllegalArgumentException(
          "offset " + offset + ", length " + length + ", read-ahead " + readAhead);
    }
    this.image = image;
    this.turn = new Turn(image);
    this.depth = readAhead;
    this.position = offset;
    this.end = offset + Math.min(length, Math.max(0, image.size() - offset));
  }

  /** How many bytes can be taken; fetches the next block if there are none. 0 at the end. */
  private long ready() throws IOException {
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (taken < piece.byteSize()) {
      return piece.byteSize() - taken;
    }
    if (position >= end) {
      finish();
      return 0;
    }
    return ChannelFailures.translate(
        image,
        () -> {
          if (pipeline == null) {
            var range = Stream.of(new DiffExtent(position, end - position, true)).iterator();
            pipeline = new ReadPipeline(image, depth, range);
          }
          piece = Objects.requireNonNull(Objects.requireNonNull(pipeline.next()).data());
          taken = 0;
          return piece.byteSize();
        });
  }

  /** At its end the pipeline looks whether what it read was there. */
  private void finish() throws IOException {
    ReadPipeline reading = pipeline;
    if (reading != null) {
      ChannelFailures.translate(image, () -> reading.next() == null);
      stopReading();
    }
  }

  private void take(long count) {
    taken += count;
    position += count;
  }

  @Override
  public int read() throws IOException {
    try (var _ = turn.take()) {
      if (ready() == 0) {
        return -1;
      }
      int value = piece.get(ValueLayout.JAVA_BYTE, taken) & 0xff;
      take(1);
      return value;
    }
  }

  @Override
  public int read(byte[] target, int start, int length) throws IOException {
    Objects.checkFromIndexSize(start, length, target.length);
    try (var _ = turn.take()) {
      if (length == 0) {
        return 0;
      }
      int count = (int) Math.min(length, ready());
      if (count == 0) {
        return -1;
      }
      MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, taken, target, start, count);
      take(count);
      return count;
    }
  }

  /** Goes forward without reading what it leaves out, except what is read ahead already. */
  @Override
  public long skip(long count) throws IOException {
    try (var _ = turn.take()) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      long skipped = Math.max(0, Math.min(count, end - position));
      if (skipped > piece.byteSize() - taken) {
        stopReading();
        position += skipped;
      } else {
        take(skipped);
      }
      return skipped;
    }
  }

  private void stopReading() {
    piece = MemorySegment.NULL;
    taken = 0;
    if (pipeline != null) {
      pipeline.close();
      pipeline = null;
    }
  }

  @Override
  public int available() throws IOException {
    try (var _ = turn.take()) {
      if (closed) {
        throw new IOException("the stream is closed");
      }
      return (int) (piece.byteSize() - taken);
    }
  }

  @Override
  public long transferTo(OutputStream target) throws IOException {
    var channel = Channels.newChannel(Objects.requireNonNull(target, "target"));
    try (var _ = turn.take()) {
      long done = 0;
      for (long part = ready(); part > 0; part = ready()) {
        var buffer = piece.asSlice(taken, part).asReadOnly().asByteBuffer();
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        take(part);
        done += part;
      }
      return done;
    }
  }

  /** Stops reading ahead. The image stays open. */
  @Override
  public void close() {
    try (var _ = turn.take()) {
      closed = true;
      stopReading();
    }
  }
}
