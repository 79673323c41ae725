package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.Image;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes to an image and keeps what the image owes for it: once a write was acknowledged and a
 * flush after it succeeded, the block has that version or a later one. A write that failed may have
 * been done or not. A flush that failed says that one of the writes since the flush before was
 * lost, not which, so that none of them is owed.
 *
 * <p>A round writes blocks at the same time in three ways: asynchronously, on a virtual thread and
 * on a platform thread. Each block says its version and is otherwise random data that follows from
 * it, so that a torn or misplaced block shows.
 */
final class WriteLedger {
  private static final int BLOCK = 4096;
  private static final int BLOCKS_OF_EACH_WAY = 4;

  private final long seed;
  private final Random random;
  private final long[] submitted;
  private final long[] owed;
  private final AtomicLong flushes = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong slowestFailure = new AtomicLong();

  WriteLedger(long seed, long size) {
    this.seed = seed;
    this.random = new Random(seed);
    int blocks = Math.toIntExact(size / BLOCK);
    submitted = new long[blocks];
    owed = new long[blocks];
  }

  /** How many flushes succeeded. */
  long flushes() {
    return flushes.get();
  }

  /** How many rounds ended with an exception. */
  long failures() {
    return failures.get();
  }

  /** How long the slowest of the writes and flushes took that ended with an exception. */
  Duration slowestFailure() {
    return Duration.ofNanos(slowestFailure.get());
  }

  /** Writes some blocks and flushes; throws what the image throws. */
  synchronized void writeAndFlush(Image image) {
    int[] blocks =
        random.ints(0, submitted.length).distinct().limit(3L * BLOCKS_OF_EACH_WAY).toArray();
    for (int block : blocks) {
      submitted[block]++;
    }
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    AsyncImage async = image.async();
    for (int i = 0; i < BLOCKS_OF_EACH_WAY; i++) {
      long offset = (long) blocks[i] * BLOCK;
      MemorySegment data = MemorySegment.ofArray(content(blocks[i], submitted[blocks[i]]));
      writes.add(timed(() -> async.write(offset, data)));
    }
    writes.add(
        CompletableFuture.runAsync(
            () -> write(image, blocks, BLOCKS_OF_EACH_WAY), Thread::startVirtualThread));
    writes.add(Await.inBackground(() -> write(image, blocks, 2 * BLOCKS_OF_EACH_WAY)));
    try {
      // All have ended before the flush, and before the next round, whatever became of them.
      CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
      timed(() -> now(image::flush)).join();
    } catch (CompletionException e) {
      failures.incrementAndGet();
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
    for (int block : blocks) {
      owed[block] = submitted[block];
    }
    flushes.incrementAndGet();
  }

  private void write(Image image, int[] blocks, int first) {
    for (int i = first; i < first + BLOCKS_OF_EACH_WAY; i++) {
      int block = blocks[i];
      byte[] data = content(block, submitted[block]);
      timed(() -> now(() -> image.writeAt((long) block * BLOCK, data))).join();
    }
  }

  private static CompletableFuture<Void> now(Runnable call) {
    return CompletableFuture.runAsync(call, Runnable::run);
  }

  @FunctionalInterface
  private interface Call {
    CompletableFuture<Void> start();
  }

  private CompletableFuture<Void> timed(Call call) {
    long start = System.nanoTime();
    return call.start()
        .whenComplete(
            (_, failure) -> {
              if (failure != null) {
                slowestFailure.accumulateAndGet(System.nanoTime() - start, Math::max);
              }
            });
  }

  private byte[] content(int block, long version) {
    byte[] bytes = new byte[BLOCK];
    if (version != 0) {
      new Random(seed ^ (version << 24) ^ block).nextBytes(bytes);
      ByteBuffer.wrap(bytes).putLong(version);
    }
    return bytes;
  }

  /** Checks the whole content of the image, read by somebody else. */
  synchronized void assertPaidBy(byte[] image) {
    assertThat(image).hasSize(submitted.length * BLOCK);
    List<String> wrong = new ArrayList<>();
    for (int block = 0; block < submitted.length; block++) {
      byte[] actual = Arrays.copyOfRange(image, block * BLOCK, (block + 1) * BLOCK);
      long version = ByteBuffer.wrap(actual).getLong();
      if (version < owed[block] || version > submitted[block]) {
        wrong.add(
            "block %d: version %d, owed %d, written %d"
                .formatted(block, version, owed[block], submitted[block]));
      } else if (!Arrays.equals(actual, content(block, version))) {
        wrong.add("block %d: not the content of version %d".formatted(block, version));
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(flushes).hasPositiveValue();
  }
}
