package io.github.rbd4j.internal;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.Image;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes to an image, several blocks at once. Its memory is bounded: one block for each write that
 * may be under way, and one in the hands of the user. It is for one thread at a time.
 *
 * <p>Writes that overlap must be kept apart with {@link #drain}: librbd may do them in any order.
 */
public final class WritePipeline implements AutoCloseable {
  /** What becomes of zeros that lie in the data. */
  public enum Zeros {
    /** They are written like other data. */
    DATA,
    /** They are written as holes. */
    HOLES,
    /** They are left out: the image has only holes there. */
    NOTHING
  }

  private static final long MAX_ZEROS = 1L << 30;

  private record Write(@Nullable MemorySegment block, CompletableFuture<?> done, long weight) {}

  private final AsyncImage image;
  private final int depth;
  private Zeros zeros;
  private final long granularity;
  private final ArrayDeque<Write> underWay = new ArrayDeque<>();
  private @Nullable MemorySegment filling;
  private long completed;

  /**
   * Makes a pipeline.
   *
   * @param image the image
   * @param depth how many blocks may be under way
   * @param zeros what becomes of zeros
   * @param granularity how many zeros in a row count, in bytes
   */
  public WritePipeline(Image image, int depth, Zeros zeros, long granularity) {
    this.image = image.async(Pipelines.options(2 * depth));
    this.depth = depth;
    this.zeros = zeros;
    this.granularity = granularity;
  }

  /** Changes what becomes of zeros, from the next write on. */
  public void zeros(Zeros newZeros) {
    zeros = newZeros;
  }

  /** The block to fill next; the same until it is written. Waits if too many are under way. */
  public MemorySegment block() throws IOException {
    Pipelines.requireNotInterrupted();
    makeRoom();
    MemorySegment block = filling;
    if (block == null) {
      block = TransferBlocks.take();
      filling = block;
    }
    return block;
  }

  /**
   * Writes the start of the block.
   *
   * @return how much of it are data, and not zeros that become something else
   */
  public long write(long offset, long length) throws IOException {
    MemorySegment block = block();
    if (length == 0) {
      return 0;
    }
    List<CompletableFuture<Void>> parts = new ArrayList<>();
    filling = null;
    try {
      return submit(offset, block.asSlice(0, length), parts);
    } finally {
      // Parts that were submitted before one was refused still use the block.
      CompletableFuture<?> done = CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new));
      underWay.add(new Write(block, done, length));
    }
  }

  private long submit(long offset, MemorySegment data, List<CompletableFuture<Void>> parts)
      throws IOException {
    if (zeros == Zeros.DATA) {
      parts.add(image.write(offset, data));
      return data.byteSize();
    }
    long[] dataBytes = new long[1];
    ZeroRuns.forEach(
        data,
        granularity,
        (start, length, zero) -> {
          if (!zero) {
            parts.add(image.write(offset + start, data.asSlice(start, length)));
            dataBytes[0] += length;
          } else if (zeros == Zeros.HOLES) {
            parts.add(image.writeZeroes(offset + start, length, false));
          }
        });
    return dataBytes[0];
  }

  /** Makes a range of any length read as zeros. */
  public void zero(long offset, long length) throws IOException {
    for (long done = 0; done < length; ) {
      Pipelines.requireNotInterrupted();
      makeRoom();
      long part = Math.min(length - done, MAX_ZEROS - (offset + done) % MAX_ZEROS);
      CompletableFuture<?> write =
          zeros == Zeros.NOTHING
              ? CompletableFuture.completedFuture(null)
              : image.writeZeroes(offset + done, part, false);
      underWay.add(new Write(null, write, part));
      done += part;
    }
  }

  private void makeRoom() throws IOException {
    while (underWay.size() >= depth) {
      finishOldest();
    }
  }

  private void finishOldest() throws IOException {
    Write write = underWay.element();
    Pipelines.await(write.done);
    underWay.remove();
    giveBack(write);
    completed += write.weight;
  }

  private static void giveBack(Write write) {
    if (write.block != null) {
      TransferBlocks.give(write.block);
    }
  }

  /** Waits until everything is written. */
  public void drain() throws IOException {
    while (!underWay.isEmpty()) {
      finishOldest();
    }
  }

  /** How many bytes from the first one on are written, without a gap. */
  public long completed() {
    return completed;
  }

  /** Waits for the writes under way, whatever becomes of them, and gives the memory back. */
  @Override
  public void close() {
    for (Write write = underWay.poll(); write != null; write = underWay.poll()) {
      Pipelines.awaitEnd(write.done);
      giveBack(write);
    }
    if (filling != null) {
      TransferBlocks.give(filling);
      filling = null;
    }
  }
}
