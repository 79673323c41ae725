package io.github.rbd4j.nio;

import io.github.rbd4j.Image;
import io.github.rbd4j.Preview;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Writes an image from one offset on. What is written is collected in large blocks, several of
 * which are written at once. It is for one thread at a time, and leaves the image open.
 *
 * <p>A failed write is reported by a later call, at the latest by {@link #flush} or {@link #close}.
 */
@Preview
public final class ImageOutputStream extends OutputStream {
  private static final int DEFAULT_DEPTH = 4;

  private final Image image;
  private final WritePipeline pipeline;
  private long position;
  private long filled;
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
    this.position = offset;
    this.pipeline = new WritePipeline(image, depth, WritePipeline.Zeros.DATA, 0);
  }

  @Override
  public void write(int value) throws IOException {
    requireRoom(1);
    ChannelFailures.translate(
        () -> {
          pipeline.block().set(ValueLayout.JAVA_BYTE, filled, (byte) value);
          return added(1);
        });
  }

  /**
   * Writes some bytes.
   *
   * @throws IOException if they do not fit into the image; none of them is written then
   */
  @Override
  public void write(byte[] source, int start, int length) throws IOException {
    Objects.checkFromIndexSize(start, length, source.length);
    requireRoom(length);
    ChannelFailures.translate(
        () -> {
          for (int done = 0; done < length; ) {
            MemorySegment block = pipeline.block();
            int part = (int) Math.min(blockSize() - filled, length - done);
            MemorySegment.copy(source, start + done, block, ValueLayout.JAVA_BYTE, filled, part);
            done += added(part);
          }
          return true;
        });
  }

  private void requireRoom(long length) throws IOException {
    if (closed) {
      throw new IOException("the stream is closed");
    }
    long size = image.size();
    if (position + filled > size - length) {
      throw new IOException(
          length
              + " bytes at "
              + (position + filled)
              + " do not fit into the image of "
              + size
              + " bytes");
    }
  }

  /** Blocks end where objects end, so that no object is written twice. */
  private long blockSize() {
    return TransferBlocks.SIZE - position % TransferBlocks.SIZE;
  }

  private int added(int count) throws IOException {
    filled += count;
    if (filled == blockSize()) {
      writeBlock();
    }
    return count;
  }

  private void writeBlock() throws IOException {
    pipeline.write(position, filled);
    position += filled;
    filled = 0;
  }

  /** Writes what was collected and waits until it is safe in the cluster. */
  @Override
  public void flush() throws IOException {
    if (closed) {
      throw new IOException("the stream is closed");
    }
    ChannelFailures.translate(
        () -> {
          writeBlock();
          pipeline.drain();
          image.flush();
          return true;
        });
  }

  /** Flushes and closes the stream. The image stays open. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      try (pipeline) {
        flush();
      } finally {
        closed = true;
      }
    }
  }
}
