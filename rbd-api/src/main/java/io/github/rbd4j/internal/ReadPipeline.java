package io.github.rbd4j.internal;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads extents of an image, several at once, and hands them out in their order. Its memory is
 * bounded: one block for each read that may be under way, and one in the hands of the user. It is
 * for one thread at a time.
 */
public final class ReadPipeline implements AutoCloseable {
  /** A piece of an image: data in native memory, or a hole. */
  public static final class Piece {
    private final long offset;
    private final long length;
    private final @Nullable MemorySegment block;
    private final @Nullable CompletableFuture<Long> read;

    private Piece(
        long offset,
        long length,
        @Nullable MemorySegment block,
        @Nullable CompletableFuture<Long> read) {
      this.offset = offset;
      this.length = length;
      this.block = block;
      this.read = read;
    }

    /** Where it begins in the image. */
    public long offset() {
      return offset;
    }

    /** How long it is; a hole can be longer than a block. */
    public long length() {
      return length;
    }

    /** The data, which is valid until the next piece is asked for; null for a hole. */
    public @Nullable MemorySegment data() {
      return block == null ? null : block.asSlice(0, length);
    }
  }

  private final Image image;
  private final AsyncImage reads;
  private final int depth;
  private final Iterator<DiffExtent> extents;
  private final ArrayDeque<Piece> underWay = new ArrayDeque<>();
  private @Nullable DiffExtent cutting;
  private @Nullable Piece handedOut;

  /**
   * Makes a pipeline.
   *
   * @param image the image
   * @param depth how many reads may be under way
   * @param extents what to read; those that do not exist are passed on as holes
   */
  public ReadPipeline(Image image, int depth, Iterator<DiffExtent> extents) {
    this.image = image;
    this.reads = image.async(Pipelines.options(depth).onLibrbdThread(true));
    this.depth = depth;
    this.extents = extents;
  }

  /** Waits for the next piece; null after the last one, once it is certain that all was there. */
  public @Nullable Piece next() throws IOException {
    giveBack(handedOut);
    handedOut = null;
    Pipelines.requireNotInterrupted();
    fill();
    Piece piece = underWay.peek();
    if (piece == null) {
      requireAllWasThere();
      return null;
    }
    if (piece.read != null) {
      long count = Pipelines.await(piece.read);
      if (count < piece.length) {
        throw new EOFException(
            "the image ended at " + (piece.offset + Math.max(0, count)) + " while it was read");
      }
    }
    underWay.remove();
    handedOut = piece;
    return piece;
  }

  /** An image that is open for reading only can have been removed: a flush finds out. */
  private void requireAllWasThere() {
    if (!image.isWritable()) {
      image.flush();
    }
  }

  private void fill() {
    while (underWay.size() < depth) {
      DiffExtent extent = cutting;
      if (extent == null) {
        if (!extents.hasNext()) {
          return;
        }
        extent = extents.next();
      }
      cutting = extent.exists() ? startFirstPartOf(extent) : passOn(extent);
    }
  }

  private @Nullable DiffExtent passOn(DiffExtent hole) {
    underWay.add(new Piece(hole.offset(), hole.length(), null, null));
    return null;
  }

  /** Starts to read what lies in one block, and returns the rest. */
  private @Nullable DiffExtent startFirstPartOf(DiffExtent extent) {
    long offset = extent.offset();
    long length = Math.min(extent.length(), TransferBlocks.SIZE - offset % TransferBlocks.SIZE);
    MemorySegment block = TransferBlocks.take();
    try {
      underWay.add(new Piece(offset, length, block, reads.read(offset, block.asSlice(0, length))));
    } catch (RuntimeException e) {
      TransferBlocks.give(block);
      throw e;
    }
    long rest = extent.length() - length;
    return rest == 0 ? null : new DiffExtent(offset + length, rest, true);
  }

  private static void giveBack(@Nullable Piece piece) {
    if (piece != null && piece.block != null) {
      TransferBlocks.give(piece.block);
    }
  }

  /** Waits for the reads under way and gives the memory back. */
  @Override
  public void close() {
    giveBack(handedOut);
    handedOut = null;
    for (Piece piece = underWay.poll(); piece != null; piece = underWay.poll()) {
      if (piece.read != null) {
        Pipelines.awaitEnd(piece.read);
      }
      giveBack(piece);
    }
  }
}
