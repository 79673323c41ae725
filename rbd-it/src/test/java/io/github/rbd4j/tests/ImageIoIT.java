package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.IncompleteWriteException;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.IoFlag;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.it.CephTest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes in comes out, at every edge, through every kind of memory. */
@CephTest
class ImageIoIT {
  private static final long MIB = 1 << 20;
  private static final long SIZE = 16 * MIB;

  private final Rbd rbd;
  private final String name = Names.unique("io");
  private Image image;

  ImageIoIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @BeforeEach
  void open() {
    rbd.create(name, SIZE);
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void anArrayComesBack() {
    byte[] data = random(9 << 20, 1); // larger than a staging chunk, and not a multiple of it
    image.writeAt(4097, data);
    byte[] back = new byte[data.length];
    assertThat(image.readAt(4097, back)).isEqualTo(data.length);
    assertThat(back).isEqualTo(data);
  }

  @ParameterizedTest
  @EnumSource(IoFlag.class)
  void aHintChangesNoData(IoFlag flag) {
    byte[] data = random(5000, flag.bit());
    image.writeAt(777, MemorySegment.ofArray(data), Set.of(flag));
    byte[] back = new byte[data.length];
    assertThat(image.readAt(777, MemorySegment.ofArray(back), Set.of(flag))).isEqualTo(5000);
    assertThat(back).isEqualTo(data);
  }

  @Test
  void whatIsWrittenThroughTheCacheIsSeenByOthersAtOnce() {
    image.flush(); // from now on the cache writes back later
    byte[] data = random(4096, 3);
    image.writeAt(0, MemorySegment.ofArray(data), Set.of(IoFlag.FUA));
    try (Image other = rbd.openReadOnly(name)) {
      byte[] seen = new byte[data.length];
      other.readAt(0, seen);
      assertThat(seen).isEqualTo(data);
    }
  }

  @Test
  void aPartOfAnArrayComesBackAndTheRestIsUntouched() {
    byte[] data = random(10_000, 2);
    image.writeAt(1000, data, 100, 5000);
    byte[] back = new byte[10_000];
    Arrays.fill(back, (byte) 7);
    assertThat(image.readAt(1000, back, 2000, 5000)).isEqualTo(5000);
    assertThat(Arrays.copyOfRange(back, 2000, 7000)).isEqualTo(Arrays.copyOfRange(data, 100, 5100));
    assertThat(Arrays.copyOfRange(back, 0, 2000)).containsOnly(7);
    assertThat(Arrays.copyOfRange(back, 7000, 10_000)).containsOnly(7);
    assertThatThrownBy(() -> image.readAt(0, back, 9_999, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> image.writeAt(0, back, -1, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void nativeSegmentsAndBuffersOfBothKindsAgree() {
    byte[] data = random(70_000, 3);
    try (Arena arena = Arena.ofConfined()) {
      image.writeAt(0, arena.allocateFrom(ValueLayout.JAVA_BYTE, data));
      MemorySegment back = arena.allocate(data.length);
      assertThat(image.readAt(0, back)).isEqualTo(data.length);
      assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
    }
    for (ByteBuffer buffer :
        new ByteBuffer[] {ByteBuffer.allocate(80_000), ByteBuffer.allocateDirect(80_000)}) {
      buffer.position(5_000).limit(5_000 + data.length);
      assertThat(image.readAt(0, buffer)).isEqualTo(data.length);
      assertThat(buffer.position()).isEqualTo(5_000 + data.length);
      buffer.position(5_000);
      byte[] back = new byte[data.length];
      buffer.get(back);
      assertThat(back).isEqualTo(data);

      buffer.position(6_000).limit(7_000);
      image.writeAt(MIB, buffer);
      assertThat(buffer.remaining()).isZero();
      byte[] written = new byte[1_000];
      image.readAt(MIB, written);
      assertThat(written).isEqualTo(Arrays.copyOfRange(data, 1_000, 2_000));
    }
  }

  @Test
  void aReadAcrossTheEndIsShort() {
    byte[] tail = random(100, 4);
    image.writeAt(SIZE - 100, tail);
    byte[] back = new byte[512];
    assertThat(image.readAt(SIZE - 100, back)).isEqualTo(100);
    assertThat(Arrays.copyOf(back, 100)).isEqualTo(tail);
    byte[] large = new byte[9 << 20];
    assertThat(image.readAt(SIZE - 5 * MIB, large)).isEqualTo((int) (5 * MIB));
  }

  @Test
  void aReadAtOrBehindTheEndIsMinusOne() {
    assertThat(image.readAt(SIZE, new byte[1])).isEqualTo(-1);
    assertThat(image.readAt(SIZE + 1, new byte[1])).isEqualTo(-1);
    assertThat(image.readAt(Long.MAX_VALUE, new byte[1])).isEqualTo(-1);
    assertThat(image.readAt(SIZE, ByteBuffer.allocate(8))).isEqualTo(-1);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(image.readAt(SIZE, arena.allocate(8))).isEqualTo(-1);
    }
  }

  @Test
  void emptyTransfersDoNothing() {
    assertThat(image.readAt(0, new byte[0])).isZero();
    image.writeAt(0, new byte[0]);
    image.writeAt(SIZE, new byte[0]);
    image.discard(0, 0);
    image.writeZeroes(SIZE, 0);
  }

  @Test
  void aWriteThatDoesNotFitWritesNothing() {
    byte[] before = random(100, 5);
    image.writeAt(SIZE - 100, before);
    assertThatThrownBy(() -> image.writeAt(SIZE - 100, new byte[512]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("512 bytes at offset " + (SIZE - 100))
        .hasMessageContaining("rbd/" + name);
    assertThatThrownBy(() -> image.writeAt(SIZE, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.writeAt(Long.MAX_VALUE, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.discard(SIZE - 100, 101))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.writeZeroes(SIZE - 100, 101))
        .isInstanceOf(IllegalArgumentException.class);
    byte[] after = new byte[100];
    image.readAt(SIZE - 100, after);
    assertThat(after).isEqualTo(before);
  }

  @Test
  void negativeNumbersAndNullsAreRefused() {
    assertThatThrownBy(() -> image.readAt(-1, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.writeAt(-1, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.discard(0, -1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.readAt(0, (byte[]) null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.writeAt(0, (ByteBuffer) null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.readAt(0, ByteBuffer.allocate(1).asReadOnlyBuffer()))
        .isInstanceOf(ReadOnlyBufferException.class);
    assertThatThrownBy(() -> image.readAt(0, MemorySegment.ofArray(new byte[1]).asReadOnly()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aSegmentOfAClosedArenaIsRefused() {
    MemorySegment closed;
    try (Arena arena = Arena.ofConfined()) {
      closed = arena.allocate(512);
    }
    assertThatThrownBy(() -> image.readAt(0, closed)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> image.writeAt(0, closed)).isInstanceOf(IllegalStateException.class);
    assertThat(image.readAt(0, new byte[1])).isEqualTo(1);
  }

  @Test
  void zeroesAndDiscardsReadAsZeros() {
    byte[] data = random((int) (8 * MIB), 6);
    image.writeAt(0, data);
    image.writeZeroes(1000, 3000);
    image.writeZeroes(5000, 1000, true);
    image.discard(4 * MIB, 4 * MIB);
    Arrays.fill(data, 1000, 4000, (byte) 0);
    Arrays.fill(data, 5000, 6000, (byte) 0);
    Arrays.fill(data, (int) (4 * MIB), (int) (8 * MIB), (byte) 0);
    byte[] back = new byte[data.length];
    image.readAt(0, back);
    assertThat(back).isEqualTo(data);
  }

  @Test
  void writeSameRepeatsThePattern() {
    byte[] pattern = random(512, 7);
    image.writeSame(1024, 512 * 100, pattern);
    byte[] back = new byte[512 * 100];
    image.readAt(1024, back);
    for (int i = 0; i < back.length; i++) {
      assertThat(back[i]).isEqualTo(pattern[i % 512]);
    }
    assertThatThrownBy(() -> image.writeSame(0, 513, pattern))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.writeSame(0, 0, new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** librbd counts from the beginning of the object, which is the same only in the first one. */
  @Test
  void compareAndWriteSaysWhereTheDifferenceIsInAnyObject() {
    String striped = Names.unique("striped");
    ImageOptions options = new ImageOptions().order(20).striping(65536, 4);
    rbd.create(striped, 8 * MIB, options);
    try (Image other = rbd.open(striped)) {
      byte[] wrong = new byte[512];
      wrong[77]++;
      MemorySegment expected = MemorySegment.ofArray(wrong);
      MemorySegment data = MemorySegment.ofArray(new byte[512]);
      for (long offset = 3 * 512; offset < 8 * MIB; offset = offset * 3 + 512) {
        assertThat(image.compareAndWrite(offset, expected, data)).hasValue(77);
        assertThat(image.async().compareAndWrite(offset, expected, data).join()).hasValue(77);
        assertThat(other.compareAndWrite(offset, expected, data)).hasValue(77);
      }
    }
    rbd.remove(striped);
  }

  @Test
  void compareAndWriteWritesOnlyWhatMatches() {
    byte[] first = random(512, 8);
    byte[] second = random(512, 9);
    image.writeAt(512, first);
    assertThat(image.compareAndWrite(512, first, second)).isEqualTo(OptionalLong.empty());
    byte[] wrong = second.clone();
    wrong[77]++;
    assertThat(image.compareAndWrite(512, wrong, first)).isEqualTo(OptionalLong.of(77));
    byte[] back = new byte[512];
    image.readAt(512, back);
    assertThat(back).isEqualTo(second);
    assertThatThrownBy(() -> image.compareAndWrite(512, first, new byte[511]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.compareAndWrite(4 * MIB - 512, new byte[1024], new byte[1024]))
        .isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void aReadOnlyImageIsNotWritten() {
    try (Image readOnly = rbd.openReadOnly(name)) {
      assertThatThrownBy(() -> readOnly.writeAt(0, new byte[1]))
          .isInstanceOf(ReadOnlyImageException.class)
          .hasMessageContaining("EROFS")
          .hasMessageContaining("rbd/" + name);
      assertThatThrownBy(() -> readOnly.discard(0, 65536))
          .isInstanceOf(ReadOnlyImageException.class);
      assertThatThrownBy(() -> readOnly.resize(1, true)).isInstanceOf(ReadOnlyImageException.class);
    }
  }

  @Test
  void transfersOfMoreThanTwoGibibytesAreWhole() {
    String large = Names.unique("large");
    long size = (2L << 30) + 8192;
    rbd.create(large, size + 4096);
    try (Image target = rbd.open(large);
        Arena arena = Arena.ofShared()) {
      MemorySegment data = arena.allocate(size);
      byte[] mark = random(4096, 10);
      MemorySegment.copy(mark, 0, data, ValueLayout.JAVA_BYTE, (1L << 30) - 2048, 4096);
      MemorySegment.copy(mark, 0, data, ValueLayout.JAVA_BYTE, size - 4096, 4096);
      // Only the ends of the parts hold data; the rest of the image stays sparse.
      target.writeAt((1L << 30) - 2048, data.asSlice((1L << 30) - 2048, 4096));
      target.writeAt(size - 4096, data.asSlice(size - 4096, 4096));
      MemorySegment back = arena.allocate(size);
      assertThat(target.readAt(0, back)).isEqualTo(size);
      assertThat(data.mismatch(back)).isEqualTo(-1);
      target.writeZeroes(0, size);
      assertThat(target.readAt(0, back)).isEqualTo(size);
      assertThat(arena.allocate(size).mismatch(back)).isEqualTo(-1);
      target.discard(0, size);
    }
    rbd.remove(large);
  }

  @Test
  void anImageThatAnotherClientShrinksGivesItsNewEnd() {
    try (Image other = rbd.open(name)) {
      other.resize(MIB, true);
    }
    assertThat(image.size()).isEqualTo(MIB);
    assertThat(image.readAt(2 * MIB, new byte[10])).isEqualTo(-1);
    assertThatThrownBy(() -> image.writeAt(MIB, new byte[10]))
        .isInstanceOf(IllegalArgumentException.class)
        .isNotInstanceOf(IncompleteWriteException.class);
  }

  @Test
  void flushAndInvalidateKeepTheData() {
    byte[] data = random(4096, 11);
    image.writeAt(0, data);
    image.flush();
    image.invalidateCache();
    byte[] back = new byte[4096];
    image.readAt(0, back);
    assertThat(back).isEqualTo(data);
  }
}
