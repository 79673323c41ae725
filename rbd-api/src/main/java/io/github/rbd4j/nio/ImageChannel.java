package io.github.rbd4j.nio;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Preview;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Pipelines;
import io.github.rbd4j.internal.ReadPipeline;
import io.github.rbd4j.internal.SegmentLifetime;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * An image, or one of its snapshots, as a channel. It behaves as a {@link
 * java.nio.channels.FileChannel} does, except where an image is not a file:
 *
 * <ul>
 *   <li>The size is fixed, unless {@link ImageChannelOption#RESIZE} is given. A write whose range
 *       does not lie within the image then fails with {@link IOException}, and nothing is written.
 *   <li>A snapshot, and an image that is open for reading only, cannot be written: {@link
 *       NonWritableChannelException}.
 * </ul>
 *
 * <p>It is safe for any number of threads. Operations that use the position wait for each other;
 * those that are given a position run side by side. Direct buffers are handed to librbd as they
 * are, unless they are mapped from a file. What a write wrote is in the cluster when it returns;
 * only with a cache that writes back, {@link #force} or the close of the image brings it there.
 */
@Preview
public final class ImageChannel
    implements SeekableByteChannel, GatheringByteChannel, ScatteringByteChannel {
  /** Of readv and writev. */
  private static final int MAX_BUFFERS = 1024;

  private static final long MAX_TRANSFER = 1L << 30;
  private static final int DEPTH = 4;
  private static final int QUEUE_DEPTH = 256;

  /** How much memory that has to be copied one call takes, and what is spent for each buffer. */
  private static final int MAX_COPY = 64 << 20;

  private static final int OVERHEAD = 64;

  private final Image image;
  private final AsyncImage async;
  private final Set<ImageChannelOption> options;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Turn turn;
  private final Turn resizing;
  private long position;

  private ImageChannel(Image image, Set<ImageChannelOption> options) {
    this.image = image;
    this.turn = new Turn(image);
    this.resizing = new Turn(image);
    this.async =
        image.async(Pipelines.options(QUEUE_DEPTH).stagingBytes(MAX_COPY + MAX_BUFFERS * OVERHEAD));
    this.options = options;
  }

  /**
   * A channel over an open image, at position 0.
   *
   * @param image the image; it stays open when the channel is closed, unless {@link
   *     ImageChannelOption#CLOSE_IMAGE} is given
   * @param options what the channel may and shall do
   * @return the channel
   */
  public static ImageChannel of(Image image, ImageChannelOption... options) {
    Set<ImageChannelOption> set = EnumSet.noneOf(ImageChannelOption.class);
    set.addAll(List.of(options));
    return new ImageChannel(Objects.requireNonNull(image, "image"), set);
  }

  /**
   * Opens an image and makes a channel over it, which closes it.
   *
   * @param rbd the pool of the image
   * @param name the name of the image
   * @param how for reading only or not, and at which snapshot
   * @param options what the channel may do besides
   * @return the channel, at position 0
   * @throws IOException if the image cannot be opened
   */
  public static ImageChannel open(
      Rbd rbd, String name, OpenOptions how, ImageChannelOption... options) throws IOException {
    Set<ImageChannelOption> set = EnumSet.of(ImageChannelOption.CLOSE_IMAGE, options);
    if (how.readOnly() || how.snapshot() != null) {
      set.add(ImageChannelOption.READ_ONLY);
    }
    return ChannelFailures.translate(() -> new ImageChannel(rbd.open(name, how), set));
  }

  // ------------------------------------------------------------------------------------- state

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  /**
   * Closes the channel. Operations that run on other threads finish if the image stays open;
   * otherwise it is closed after them.
   *
   * @throws IOException if the image was to be closed and its last writes failed; the channel is
   *     closed all the same
   */
  @Override
  public void close() throws IOException {
    if (!closed.getAndSet(true) && options.contains(ImageChannelOption.CLOSE_IMAGE)) {
      ChannelFailures.translate(
          image,
          () -> {
            image.close();
            return true;
          });
    }
  }

  /** Runs an operation on the open channel. */
  private <T> T whileOpen(ChannelFailures.Action<T> action) throws IOException {
    if (closed.get()) {
      throw new ClosedChannelException();
    }
    try {
      return ChannelFailures.translate(image, action);
    } catch (IllegalStateException e) {
      if (closed.get()) {
        AsynchronousCloseException closing = new AsynchronousCloseException();
        closing.initCause(e);
        throw closing;
      }
      throw e;
    }
  }

  /** Runs an operation that uses the position, after those of other threads. */
  private <T> T atPosition(ChannelFailures.Action<T> action) throws IOException {
    try (var _ = turn.take()) {
      return whileOpen(action);
    }
  }

  private void requireWritable() {
    if (options.contains(ImageChannelOption.READ_ONLY)) {
      throw new NonWritableChannelException();
    }
  }

  private static void requireNotNegative(long value, String what) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " " + value + " is negative");
    }
  }

  @Override
  public long position() throws IOException {
    return atPosition(() -> position);
  }

  @Override
  public ImageChannel position(long newPosition) throws IOException {
    requireNotNegative(newPosition, "position");
    return atPosition(
        () -> {
          position = newPosition;
          return this;
        });
  }

  @Override
  public long size() throws IOException {
    return whileOpen(image::size);
  }

  /**
   * Makes the image smaller, which loses the data behind the new end. If it is not larger than the
   * given size it stays as it is. A position behind the new end is set to it.
   *
   * @param size the new size in bytes
   * @return this channel
   * @throws NonWritableChannelException if the channel only reads
   * @throws IOException if the channel may not resize the image
   */
  @Override
  public ImageChannel truncate(long size) throws IOException {
    requireNotNegative(size, "size");
    return atPosition(
        () -> {
          requireWritable();
          shrink(size);
          position = Math.min(position, size);
          return this;
        });
  }

  private void shrink(long size) throws IOException {
    try (var _ = resizing.take()) {
      if (size < image.size()) {
        if (!options.contains(ImageChannelOption.RESIZE)) {
          throw new IOException("the channel may not resize the image: give it RESIZE");
        }
        image.resize(size, true);
      }
    }
  }

  /** Makes sure that a range lies within the image. */
  private void requireRoom(long offset, long length) throws IOException {
    if (length == 0 || offset <= image.size() - length) {
      return;
    }
    try (var _ = resizing.take()) {
      long size = image.size();
      if (offset <= size - length) {
        return;
      }
      if (!options.contains(ImageChannelOption.RESIZE) || offset > Long.MAX_VALUE - length) {
        throw new IOException(
            length + " bytes at " + offset + " do not fit into the image of " + size + " bytes");
      }
      image.resize(offset + length, false);
    }
  }

  /**
   * Waits until every write that returned before is safe in the cluster.
   *
   * @throws IOException if a write failed
   */
  public void force() throws IOException {
    whileOpen(
        () -> {
          requireWritable();
          image.flush();
          return true;
        });
  }

  // ------------------------------------------------------------------------------------- reads

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireWritable(target);
    return atPosition(
        () -> {
          int count = image.readAt(position, target);
          position += Math.max(0, count);
          return count;
        });
  }

  /**
   * Reads at an offset and leaves the position alone.
   *
   * @param target the buffer
   * @param offset where to begin, in bytes
   * @return the number of bytes read, or -1 if the offset is at or behind the end
   * @throws IOException if it fails
   */
  public int read(ByteBuffer target, long offset) throws IOException {
    requireWritable(target);
    requireNotNegative(offset, "offset");
    return whileOpen(() -> image.readAt(offset, target));
  }

  @Override
  public long read(ByteBuffer[] targets) throws IOException {
    return read(targets, 0, targets.length);
  }

  @Override
  public long read(ByteBuffer[] targets, int first, int length) throws IOException {
    List<ByteBuffer> buffers = buffers(targets, first, length);
    buffers.forEach(ImageChannel::requireWritable);
    return atPosition(
        () -> {
          long count = scatter(buffers, position);
          position += Math.max(0, count);
          return count;
        });
  }

  /**
   * Reads one range into several buffers, one after the other, and leaves the position alone. If
   * these are very many or very large, or some of their memory is confined to this thread, it may
   * read only a part of them.
   *
   * @param targets the buffers
   * @param offset where to begin, in bytes
   * @return the number of bytes read, or -1 if the offset is at or behind the end
   * @throws IOException if it fails
   */
  public long read(ByteBuffer[] targets, long offset) throws IOException {
    requireNotNegative(offset, "offset");
    List<ByteBuffer> buffers = buffers(targets, 0, targets.length);
    buffers.forEach(ImageChannel::requireWritable);
    return whileOpen(() -> scatter(buffers, offset));
  }

  private static void requireWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("the buffer is read-only");
    }
  }

  private long scatter(List<ByteBuffer> targets, long offset) throws IOException {
    List<MemorySegment> segments = segments(targets);
    if (segments.isEmpty()) {
      return 0;
    }
    long count =
        SegmentLifetime.isConfined(segments.getFirst())
            ? image.readAt(offset, segments.getFirst())
            : Pipelines.await(async.readv(offset, segments));
    advance(targets, count);
    return count;
  }

  // ------------------------------------------------------------------------------------ writes

  @Override
  public int write(ByteBuffer source) throws IOException {
    return atPosition(
        () -> {
          int count = writeAt(source, position);
          position += count;
          return count;
        });
  }

  /**
   * Writes at an offset and leaves the position alone.
   *
   * @param source the buffer
   * @param offset where to begin, in bytes
   * @return the number of bytes written: what remained in the buffer
   * @throws NonWritableChannelException if the channel only reads
   * @throws IOException if the range does not lie within the image and the channel may not resize
   *     it, or if it fails
   */
  public int write(ByteBuffer source, long offset) throws IOException {
    requireNotNegative(offset, "offset");
    return whileOpen(() -> writeAt(source, offset));
  }

  private int writeAt(ByteBuffer source, long offset) throws IOException {
    requireWritable();
    int length = source.remaining();
    if (length > 0) {
      requireRoom(offset, length);
      image.writeAt(offset, source);
    }
    return length;
  }

  @Override
  public long write(ByteBuffer[] sources) throws IOException {
    return write(sources, 0, sources.length);
  }

  @Override
  public long write(ByteBuffer[] sources, int first, int length) throws IOException {
    List<ByteBuffer> buffers = buffers(sources, first, length);
    return atPosition(
        () -> {
          long count = gather(buffers, position);
          position += count;
          return count;
        });
  }

  /**
   * Writes several buffers to one range, one after the other, and leaves the position alone.
   *
   * @param sources the buffers
   * @param offset where to begin, in bytes
   * @return the number of bytes written: what remained in the buffers, or less if these are very
   *     many or very large, or if some of their memory is confined to this thread
   * @throws NonWritableChannelException if the channel only reads
   * @throws IOException if the range does not lie within the image and the channel may not resize
   *     it, or if it fails
   */
  public long write(ByteBuffer[] sources, long offset) throws IOException {
    requireNotNegative(offset, "offset");
    List<ByteBuffer> buffers = buffers(sources, 0, sources.length);
    return whileOpen(() -> gather(buffers, offset));
  }

  private long gather(List<ByteBuffer> sources, long offset) throws IOException {
    requireWritable();
    List<MemorySegment> segments = segments(sources);
    if (segments.isEmpty()) {
      return 0;
    }
    long length = segments.stream().mapToLong(MemorySegment::byteSize).sum();
    requireRoom(offset, length);
    Pipelines.await(async.writev(offset, segments));
    advance(sources, length);
    return length;
  }

  private static List<ByteBuffer> buffers(ByteBuffer[] buffers, int first, int length) {
    Objects.checkFromIndexSize(first, length, buffers.length);
    return List.of(buffers).subList(first, first + length);
  }

  /**
   * The memory between positions and limits, as much of it as one call can take. What is confined
   * to this thread, on which the call does not end, comes alone.
   */
  private static List<MemorySegment> segments(List<ByteBuffer> buffers) {
    List<MemorySegment> segments = new ArrayList<>();
    long room = MAX_TRANSFER;
    long roomForCopies = MAX_COPY;
    for (ByteBuffer buffer : buffers) {
      if (!buffer.hasRemaining()) {
        continue;
      }
      MemorySegment segment = MemorySegment.ofBuffer(buffer);
      boolean confined = SegmentLifetime.isConfined(segment);
      boolean copied = !SegmentLifetime.isManaged(segment);
      long part = Math.min(segment.byteSize(), copied ? Math.min(room, roomForCopies) : room);
      if (segments.size() == MAX_BUFFERS || part == 0 || (confined && !segments.isEmpty())) {
        break;
      }
      segments.add(segment.asSlice(0, part));
      if (confined || part < segment.byteSize()) {
        break;
      }
      room -= part;
      roomForCopies -= copied ? part : 0;
    }
    return segments;
  }

  private static void advance(List<ByteBuffer> buffers, long count) {
    long left = Math.max(0, count);
    for (ByteBuffer buffer : buffers) {
      int part = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + part);
      left -= part;
    }
  }

  // --------------------------------------------------------------------------------- transfers

  /**
   * Copies a range to another channel, through native memory only, and leaves the position alone.
   * Several reads run at once.
   *
   * @param offset where the range begins, in bytes
   * @param count how long it is at the most
   * @param target where to write it; it is written from its own position on
   * @return the number of bytes copied: less than asked for where the image ends, or if the target
   *     does not take more
   * @throws IOException if it fails
   */
  public long transferTo(long offset, long count, WritableByteChannel target) throws IOException {
    requireNotNegative(offset, "offset");
    requireNotNegative(count, "count");
    return whileOpen(
        () -> {
          long length = Math.min(count, Math.max(0, image.size() - offset));
          if (length == 0) {
            return 0L;
          }
          Iterator<DiffExtent> range = Stream.of(new DiffExtent(offset, length, true)).iterator();
          try (ReadPipeline pipeline = new ReadPipeline(image, DEPTH, range)) {
            return copy(pipeline, target);
          }
        });
  }

  private static long copy(ReadPipeline pipeline, WritableByteChannel target) throws IOException {
    long done = 0;
    for (var piece = pipeline.next(); piece != null; piece = pipeline.next()) {
      ByteBuffer buffer = Objects.requireNonNull(piece.data()).asReadOnly().asByteBuffer();
      while (buffer.hasRemaining()) {
        int written = target.write(buffer);
        done += written;
        if (written == 0) {
          return done;
        }
      }
    }
    return done;
  }

  /**
   * Copies what another channel gives to a range, through native memory only, and leaves the
   * position alone. Several writes run at once; they are done when this returns.
   *
   * @param source what to read, from its own position on
   * @param offset where the range begins, in bytes
   * @param count how long it is at the most
   * @return the number of bytes copied: less than asked for where the source ends or has no more
   *     for now, or where the image ends; 0 if the offset is behind the end
   * @throws NonWritableChannelException if the channel only reads
   * @throws IOException if it fails
   */
  public long transferFrom(ReadableByteChannel source, long offset, long count) throws IOException {
    requireNotNegative(offset, "offset");
    requireNotNegative(count, "count");
    return whileOpen(
        () -> {
          requireWritable();
          long size = image.size();
          if (offset > size) {
            return 0L;
          }
          long length =
              options.contains(ImageChannelOption.RESIZE)
                  ? Math.min(count, Long.MAX_VALUE - offset)
                  : Math.min(count, size - offset);
          try (WritePipeline pipeline =
              new WritePipeline(image, DEPTH, WritePipeline.Zeros.DATA, 0)) {
            return copy(source, offset, length, pipeline);
          }
        });
  }

  private long copy(ReadableByteChannel source, long offset, long length, WritePipeline pipeline)
      throws IOException {
    long done = 0;
    boolean more = true;
    while (more && done < length) {
      int part = (int) Math.min(TransferBlocks.SIZE, length - done);
      ByteBuffer buffer = pipeline.block().asSlice(0, part).asByteBuffer();
      while (more && buffer.hasRemaining()) {
        more = source.read(buffer) > 0;
      }
      requireRoom(offset + done, buffer.position());
      pipeline.write(offset + done, buffer.position());
      done += buffer.position();
    }
    pipeline.drain();
    return done;
  }

  @Override
  public String toString() {
    return "channel over " + image;
  }
}
