package io.github.rbd4j.nio;

import io.github.rbd4j.Image;
import io.github.rbd4j.Preview;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes an image from one offset on. What is written is collected in large blocks, several of
 * which are written at once. Threads take turns, and the image stays open.
 *
 * <p>A failed write is reported by a later call, at the latest by {@link #flush} or {@link #close}.
 * Nothing is written any more after that, and every later call fails, too: what was collected is
 * lost. After an interrupt nothing is lost, and the stream goes on: {@link
 * InterruptedIOException#bytesTransferred} tells how much of what was to be written it has taken.
 */
@Preview
public final class ImageOutputStream extends OutputStream {
  private static final int DEFAULT_DEPTH = 4;

  private final Image image;
  private final Turn turn;
  private final WritePipeline pipeline;
  private long position;
  private long filled;
  private long size;
  private @Nullable Exception failure;
  private boolean closed;

  /**
   * Writes from the start of an image, up to four blocks of 4 MiB at once.
   *
   * @param image the image
   */
  public ImageOutputStream(Image image) {
    this(image, 0, DEFAULT_DEPTH);
  }

  /**
   * Writes from an offset on.
   *
   * @param image the image
   * @param offset where to begin, in bytes
   * @param depth how many blocks of 4 MiB may be written at once, at least 1
   */
  public ImageOutputStream(Image image, long offset, int depth) {
    if (offset < 0 || depth < 1) {
      throw new IllegalArgumentException("offset " + offset + ", depth " + depth);
    }
    this.image = image;
    this.turn = new Turn(image);
    this.position = offset;
    this.pipeline = new WritePipeline(image, depth, WritePipeline.Zeros.DATA, 0);
  }

  @Override
  public void write(int value) throws IOException {
    try (var _ = turn.take()) {
      requireRoom(1);
      take(
          () -> {
            block().set(ValueLayout.JAVA_BYTE, filled, (byte) value);
            return added(1);
          });
    }
  }

  /**
   * Writes some bytes.
   *
   * @throws IOException if they do not fit into the image; none of them is written then
   */
  @Override
  public void write(byte[] source, int start, int length) throws IOException {
    Objects.checkFromIndexSize(start, length, source.length);
    try (var _ = turn.take()) {
      requireRoom(length);
      take(
          () -> {
            for (int done = 0; done < length; ) {
              MemorySegment block = block();
              int part = (int) Math.min(blockSize() - filled, length - done);
              MemorySegment.copy(source, start + done, block, ValueLayout.JAVA_BYTE, filled, part);
              done += added(part);
            }
            return true;
          });
    }
  }

  private void take(ChannelFailures.Action<?> action) throws IOException {
    long start = position + filled;
    try {
      ChannelFailures.translate(image, action);
    } catch (InterruptedIOException e) {
      e.bytesTransferred = (int) (position + filled - start);
      throw e;
    }
  }

  private void requireUsable() throws IOException {
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (failure != null) {
      throw new IOException("an earlier write failed", failure);
    }
  }

  /** The size of the image is asked for once for each block, and before something is refused. */
  private void requireRoom(long length) throws IOException {
    requireUsable();
    long at = position + filled;
    if (filled == 0 || at > size - length) {
      size = image.size();
    }
    if (at > size - length) {
      throw new IOException(
          length + " bytes at " + at + " do not fit into the image of " + size + " bytes");
    }
  }

  /** Blocks end where objects end, so that no object is written twice. */
  private long blockSize() {
    return TransferBlocks.SIZE - position % TransferBlocks.SIZE;
  }

  /** The block with room for more. It is still full if an interrupt came before it was written. */
  private MemorySegment block() throws IOException {
    if (filled == blockSize()) {
      writeBlock();
    }
    return pipeline.block();
  }

  private int added(int count) throws IOException {
    filled += count;
    if (filled == blockSize()) {
      writeBlock();
    }
    return count;
  }

  private void writeBlock() throws IOException {
    try {
      pipeline.write(position, filled);
    } catch (InterruptedIOException e) {
      // It came before anything was done, so that the block can be written later.
      throw e;
    } catch (IllegalArgumentException e) {
      failure = e;
      throw new IOException("the image has become smaller: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      failure = e;
      throw e;
    }
    position += filled;
    filled = 0;
  }

  /** Writes what was collected and waits until it is safe in the cluster. */
  @Override
  public void flush() throws IOException {
    try (var _ = turn.take()) {
      requireUsable();
      ChannelFailures.translate(
          image,
          () -> {
            writeBlock();
            pipeline.drain();
            image.flush();
            return true;
          });
    }
  }

  /** Flushes and closes the stream. The image stays open. */
  @Override
  public void close() throws IOException {
    try (var _ = turn.take()) {
      if (!closed) {
        try (pipeline) {
          flush();
        } finally {
          closed = true;
        }
      }
    }
  }
}
