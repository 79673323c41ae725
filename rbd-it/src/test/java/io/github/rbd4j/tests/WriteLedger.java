package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import io.github.rbd4j.RbdException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Writes to an image and keeps what the image owes for it: once a write was acknowledged and a
 * flush after it succeeded, the block has that version or a later one. A write that failed may have
 * been done or not. A flush that failed says that one of the writes since the flush before was
 * lost, not which, so that none of them is owed.
 *
 * <p>One thread writes at a time. Each block says its version and is otherwise random data that
 * follows from it, so that a torn or misplaced block shows.
 */
final class WriteLedger {
  private static final int BLOCK = 4096;

  private final long seed;
  private final Random random;
  private final long[] submitted;
  private final long[] acknowledged;
  private final long[] owed;
  private long flushes;
  private long failures;

  WriteLedger(long seed, long size) {
    this.seed = seed;
    this.random = new Random(seed);
    int blocks = Math.toIntExact(size / BLOCK);
    submitted = new long[blocks];
    acknowledged = new long[blocks];
    owed = new long[blocks];
  }

  /** How many flushes succeeded. */
  synchronized long flushes() {
    return flushes;
  }

  /** How many rounds ended with an exception. */
  synchronized long failures() {
    return failures;
  }

  /** Writes some blocks and flushes; throws what the image throws. */
  synchronized void writeAndFlush(Image image) {
    BitSet written = new BitSet();
    try {
      for (int i = 0; i < 8; i++) {
        int block = random.nextInt(submitted.length);
        long version = ++submitted[block];
        image.writeAt((long) block * BLOCK, content(block, version));
        acknowledged[block] = version;
        written.set(block);
      }
      image.flush();
      written.stream().forEach(block -> owed[block] = acknowledged[block]);
      flushes++;
    } catch (RbdException e) {
      failures++;
      throw e;
    }
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
    assertThat(flushes).isPositive();
  }
}
