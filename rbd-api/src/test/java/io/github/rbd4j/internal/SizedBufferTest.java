package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.ArgumentOutOfRangeException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop around functions whose result has an unknown size, with functions made up for it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SizedBufferTest {
  private static final Operation LIST = new Operation("list", Subject.IMAGE, "rbd/vm-1");
  private static final long ERANGE = -34;
  private static final long LARGEST = 32L << 20;
  private static final long LARGEST_STRING = 1L << 20;

  /** The capacities that the function under test was offered, try by try. */
  private final List<Long> offered = new ArrayList<>();

  private static void fill(MemorySegment array, long count) {
    for (long i = 0; i < count; i++) {
      array.setAtIndex(ValueLayout.JAVA_LONG, i, i);
    }
  }

  private static List<Long> numbers(SizedBuffer buffers) {
    List<Long> numbers = new ArrayList<>();
    for (long i = 0; i < buffers.count(0); i++) {
      numbers.add(buffers.element(0, i).get(ValueLayout.JAVA_LONG, 0));
    }
    return numbers;
  }

  @Test
  void whatFitsIsFetchedInOneCall() {
    List<Long> numbers =
        SizedBuffer.fetch(
            LIST,
            b -> {
              offered.add(b.capacity(0));
              assertThat(b.sizePointer(0).get(ValueLayout.JAVA_LONG, 0)).isEqualTo(4);
              assertThat(b.data(0).byteSize()).isEqualTo(32);
              fill(b.data(0), 3);
              b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, 3);
              return 0;
            },
            (b, _) -> numbers(b),
            Slot.array(ValueLayout.JAVA_LONG, 4));
    assertThat(numbers).containsExactly(0L, 1L, 2L);
    assertThat(offered).containsExactly(4L);
  }

  @Test
  void theStoredSizeIsOfferedNext() {
    List<Long> numbers =
        SizedBuffer.fetch(
            LIST,
            b -> {
              offered.add(b.capacity(0));
              b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, 1000);
              if (b.capacity(0) < 1000) {
                return ERANGE;
              }
              fill(b.data(0), 1000);
              return 0;
            },
            (b, _) -> numbers(b),
            Slot.array(ValueLayout.JAVA_LONG, 4));
    assertThat(numbers).hasSize(1000).last().isEqualTo(999L);
    assertThat(offered).containsExactly(4L, 1000L);
  }

  /** The list has one element more at each try, but the room grows faster. */
  @Test
  void aListThatGrowsBetweenTheTriesIsCaughtUpWith() {
    long[] size = {5};
    List<Long> numbers =
        SizedBuffer.fetch(
            LIST,
            b -> {
              offered.add(b.capacity(0));
              long needed = size[0]++;
              b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, needed);
              if (b.capacity(0) < needed) {
                return ERANGE;
              }
              fill(b.data(0), needed);
              return 0;
            },
            (b, _) -> numbers(b),
            Slot.array(ValueLayout.JAVA_LONG, 4));
    assertThat(numbers).hasSize((int) size[0] - 1);
    assertThat(offered.size()).isLessThanOrEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource
  void everyWayOfSizingGrowsUntilItFits(Sizing sizing) {
    long needed = 5000;
    long result =
        SizedBuffer.fetch(
            LIST,
            b -> {
              long capacity = b.capacity(0);
              offered.add(capacity);
              switch (sizing) {
                case SIZE_POINTER -> b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, needed);
                case INT_POINTER -> {
                  assertThat(b.sizePointer(0).get(ValueLayout.JAVA_INT, 0)).isEqualTo(capacity);
                  b.sizePointer(0).set(ValueLayout.JAVA_INT, 0, (int) needed);
                }
                case VALUE -> {}
                case RETURNED -> {
                  return needed;
                }
              }
              return capacity < needed ? ERANGE : needed;
            },
            (b, r) -> {
              assertThat(b.count(0)).isBetween(needed, 2 * needed);
              return r;
            },
            Slot.bytes(100, sizing));
    assertThat(result).isEqualTo(needed);
    assertThat(offered).isSorted().doesNotHaveDuplicates();
    assertThat(offered.getLast()).isBetween(needed, 2 * needed);
    if (sizing != Sizing.VALUE) {
      assertThat(offered).containsExactly(100L, needed);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-34, -7, -36})
  void aSizeByValueIsDoubled(long tooSmall) {
    String text =
        SizedBuffer.fetchString(
            LIST,
            Sizing.VALUE,
            b -> {
              offered.add(b.capacity(0));
              if (b.capacity(0) < 3000) {
                return tooSmall;
              }
              b.data(0).fill((byte) 'x');
              b.data(0).set(ValueLayout.JAVA_BYTE, 2999, (byte) 0);
              return 0;
            });
    assertThat(text).isEqualTo("x".repeat(2999));
    assertThat(offered).containsExactly(256L, 512L, 1024L, 2048L, 4096L);
  }

  @Test
  void anotherErrorIsNotRetried() {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.capacity(0));
                      return -2;
                    },
                    (_, r) -> r,
                    Slot.array(ValueLayout.JAVA_LONG, 4)))
        .isInstanceOf(ImageNotFoundException.class);
    // E2BIG means "too small" only where the size goes by value.
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.capacity(0));
                      return -7;
                    },
                    (_, r) -> r,
                    Slot.array(ValueLayout.JAVA_LONG, 4)))
        .isInstanceOf(ArgumentOutOfRangeException.class);
    assertThat(offered).containsExactly(4L, 4L);
  }

  /** librbd answers ERANGE with a size of 0 to a wrong struct size: no reason to try for ever. */
  @ParameterizedTest
  @EnumSource(
      value = Sizing.class,
      names = {"SIZE_POINTER", "INT_POINTER", "VALUE"})
  void aFunctionThatIsNeverContentIsGivenUp(Sizing sizing) {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.data(0).byteSize());
                      b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, 0);
                      return ERANGE;
                    },
                    (_, r) -> r,
                    Slot.bytes(64, sizing)))
        .isInstanceOf(ArgumentOutOfRangeException.class)
        .hasMessageContaining("list")
        .hasMessageContaining("ever larger");
    assertThat(offered.size()).isLessThanOrEqualTo(25);
    for (int i = 1; i < offered.size(); i++) {
      assertThat(offered.get(i)).isEqualTo(2 * offered.get(i - 1));
    }
    assertThat(offered.getLast()).isLessThanOrEqualTo(LARGEST);
  }

  /** No name, id or token is that long. */
  @ParameterizedTest
  @EnumSource(names = {"SIZE_POINTER", "VALUE"})
  void aStringThatNeverFitsIsGivenUpSooner(Sizing sizing) {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetchString(
                    LIST,
                    sizing,
                    b -> {
                      offered.add(b.data(0).byteSize());
                      return ERANGE;
                    }))
        .isInstanceOf(ArgumentOutOfRangeException.class);
    assertThat(offered).hasSize(13).last().isEqualTo(LARGEST_STRING);
  }

  /** A pool of very many images is listed all the same. */
  @Test
  void aLongListFits() {
    long images = 1_000_000;
    int size =
        SizedBuffer.fetchList(
                LIST,
                Slot.array(MemoryLayout.sequenceLayout(2, ValueLayout.JAVA_LONG), 64),
                b -> {
                  offered.add(b.capacity(0));
                  b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, images);
                  return b.capacity(0) < images ? ERANGE : 0;
                },
                MemorySegment::byteSize,
                (_, count) -> assertThat(count).isEqualTo(images))
            .size();
    assertThat(size).isEqualTo(images);
    assertThat(offered).containsExactly(64L, images);
  }

  /** Always one more than there is room for. */
  @Test
  void aFunctionThatAlwaysWantsMoreIsGivenUp() {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.capacity(0));
                      b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, b.capacity(0) + 1);
                      return ERANGE;
                    },
                    (_, r) -> r,
                    Slot.array(ValueLayout.JAVA_LONG, 64)))
        .isInstanceOf(ArgumentOutOfRangeException.class);
    assertThat(offered.size()).isLessThanOrEqualTo(25);
    for (int i = 1; i < offered.size(); i++) {
      assertThat(offered.get(i)).isBetween(offered.get(i - 1) + 1, 2 * offered.get(i - 1));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {LARGEST / 8 + 1, 1L << 40, Long.MAX_VALUE / 8, Long.MAX_VALUE})
  void aHugeSizeIsRefusedWithoutAllocatingIt(long needed) {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.capacity(0));
                      b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, needed);
                      return ERANGE;
                    },
                    (_, r) -> r,
                    Slot.array(ValueLayout.JAVA_LONG, 4)))
        .isInstanceOf(ArgumentOutOfRangeException.class);
    assertThat(offered).containsExactly(4L);
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST, _ -> Long.MAX_VALUE, (_, r) -> r, Slot.bytes(16, Sizing.RETURNED)))
        .isInstanceOf(ArgumentOutOfRangeException.class);
  }

  @Test
  void hugeSizesOfTwoBuffersDoNotAddUpToASmallOne() {
    assertThatThrownBy(
            () ->
                SizedBuffer.fetch(
                    LIST,
                    b -> {
                      offered.add(b.capacity(0));
                      b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, Long.MAX_VALUE);
                      b.sizePointer(1).set(ValueLayout.JAVA_LONG, 0, Long.MAX_VALUE);
                      return ERANGE;
                    },
                    (_, r) -> r,
                    Slot.bytes(16, Sizing.SIZE_POINTER),
                    Slot.bytes(16, Sizing.SIZE_POINTER)))
        .isInstanceOf(ArgumentOutOfRangeException.class);
    assertThat(offered).containsExactly(16L);
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 1L << 40, Long.MAX_VALUE})
  void aCountBeyondTheCapacityIsClamped(long claimed) {
    List<Long> numbers =
        SizedBuffer.fetch(
            LIST,
            b -> {
              fill(b.data(0), 4);
              b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, claimed);
              return 0;
            },
            (b, _) -> numbers(b),
            Slot.array(ValueLayout.JAVA_LONG, 4));
    assertThat(numbers).containsExactly(0L, 1L, 2L, 3L);
  }

  @Test
  void aNegativeCountIsNone() {
    for (Sizing sizing : new Sizing[] {Sizing.SIZE_POINTER, Sizing.INT_POINTER}) {
      long count =
          SizedBuffer.fetch(
              LIST,
              b -> {
                b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, -1L);
                return 0;
              },
              (b, _) -> b.count(0),
              new Slot(ValueLayout.JAVA_LONG, 4, sizing));
      assertThat(count).isZero();
    }
  }

  @Test
  void everyTryStartsWithZeros() {
    int[] tries = {0};
    SizedBuffer.fetch(
        LIST,
        b -> {
          for (long i = 0; i < b.data(0).byteSize(); i++) {
            assertThat(b.data(0).get(ValueLayout.JAVA_BYTE, i)).isZero();
          }
          b.data(0).fill((byte) 0xaa);
          return tries[0]++ < 3 ? ERANGE : 0;
        },
        (_, r) -> r,
        Slot.bytes(64, Sizing.VALUE));
    assertThat(tries).containsExactly(4);
  }

  @Test
  void onlyTheBufferThatIsTooSmallGrows() {
    String text =
        SizedBuffer.fetch(
            LIST,
            b -> {
              offered.add(b.capacity(0));
              offered.add(b.capacity(1));
              b.sizePointer(0).set(ValueLayout.JAVA_LONG, 0, 3);
              b.sizePointer(1).set(ValueLayout.JAVA_LONG, 0, 100);
              if (b.capacity(1) < 100) {
                return ERANGE;
              }
              b.data(0).copyFrom(MemorySegment.ofArray("abc".getBytes(StandardCharsets.UTF_8)));
              return 0;
            },
            (b, _) -> NativeStrings.readBuffer(b.data(0)),
            Slot.bytes(16, Sizing.SIZE_POINTER),
            Slot.bytes(16, Sizing.SIZE_POINTER));
    assertThat(text).isEqualTo("abc");
    assertThat(offered).containsExactly(16L, 16L, 16L, 100L);
  }

  /** Some functions are asked with no room at all first. */
  @Test
  void aFirstGuessOfNothingWorks() {
    long result =
        SizedBuffer.fetch(
            LIST,
            b -> {
              offered.add(b.capacity(0));
              return b.capacity(0) < 4 ? ERANGE : 0;
            },
            (_, r) -> r,
            Slot.bytes(0, Sizing.VALUE));
    assertThat(result).isZero();
    assertThat(offered).containsExactly(0L, 2L, 4L);
  }

  @Test
  void theMemoryOfATryIsGoneAfterIt() {
    List<MemorySegment> segments = new ArrayList<>();
    SizedBuffer.fetch(
        LIST,
        b -> {
          segments.add(b.data(0));
          segments.add(b.arena().allocate(8));
          return b.capacity(0) < 8 ? ERANGE : 0;
        },
        (_, r) -> r,
        Slot.bytes(4, Sizing.VALUE));
    assertThat(segments).hasSize(4).noneMatch(segment -> segment.scope().isAlive());
  }
}
