package io.github.rbd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Metadata is listed whole: on functions in Java that do what those of librbd do. */
class MetadataFunctionsTest {
  private static final int PAGE = 256;

  private final TreeMap<String, String> entries = new TreeMap<>();
  private final List<Long> asked = new ArrayList<>();
  private String removedMeanwhile = "";
  private final NativeHandle handle =
      new NativeHandle(null, Subject.IMAGE, "rbd/x", MemorySegment.ofAddress(1), _ -> 0);
  private final MetadataFunctions functions =
      new MetadataFunctions(
          (_, key, value, length) -> get(key, value, length),
          (_, _, _) -> 0,
          (_, _) -> 0,
          (_, start, max, keys, keysLength, values, valuesLength) ->
              list(start, max, keys, keysLength, values, valuesLength));

  @AfterEach
  void close() {
    handle.close();
  }

  private int get(MemorySegment key, MemorySegment value, MemorySegment length) {
    String name = key.getString(0);
    return name.equals(removedMeanwhile)
        ? Errno.ENOENT.result()
        : store(entries.get(name) + "\0", value, length);
  }

  private int list(
      MemorySegment start,
      long max,
      MemorySegment keys,
      MemorySegment keysLength,
      MemorySegment values,
      MemorySegment valuesLength) {
    asked.add(max);
    StringBuilder names = new StringBuilder();
    StringBuilder texts = new StringBuilder();
    entries.tailMap(start.getString(0), false).entrySet().stream()
        .limit(max)
        .forEach(
            entry -> {
              names.append(entry.getKey()).append('\0');
              texts.append(entry.getValue()).append('\0');
            });
    int first = store(names.toString(), keys, keysLength);
    int second = store(texts.toString(), values, valuesLength);
    return Math.min(first, second);
  }

  /** Fills a buffer, or says how large it has to be. */
  private static int store(String text, MemorySegment buffer, MemorySegment length) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    boolean fits = bytes.length <= length.get(ValueLayout.JAVA_LONG, 0);
    length.set(ValueLayout.JAVA_LONG, 0, bytes.length);
    if (fits) {
      MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
    }
    return fits ? 0 : Errno.ERANGE.result();
  }

  private static String key(int number) {
    return "key-%04d".formatted(number);
  }

  private void fill(int count, String value) {
    for (int i = 0; i < count; i++) {
      entries.put(key(i), value);
    }
  }

  @Test
  void aKeyThatIsRemovedDuringTheListDoesNotEndIt() {
    fill(3 * PAGE, "value");
    entries.put(key(7), "with a \0 inside"); // now each value of this page is asked for
    removedMeanwhile = key(9);

    SequencedMap<String, String> all = functions.all(handle);

    assertThat(all).hasSize(3 * PAGE - 1).doesNotContainKey(key(9));
    assertThat(all.lastEntry()).isEqualTo(Map.entry(key(3 * PAGE - 1), "value"));
    assertThat(all).containsEntry(key(7), "with a ").containsEntry(key(8), "value");
  }

  @Test
  void aPageIsFullAlthoughAKeyIsRemovedDuringTheCall() {
    fill(20, "value");
    entries.put(key(0), "\0");
    removedMeanwhile = key(9);

    assertThat(functions.page(handle, "", 10).sequencedKeySet())
        .containsExactly(
            key(0), key(1), key(2), key(3), key(4), key(5), key(6), key(7), key(8), key(10));
  }

  @Test
  void thePagesMeetWithoutGapAndOverlap() {
    for (int count : new int[] {PAGE - 1, PAGE, PAGE + 1, 2 * PAGE}) {
      entries.clear();
      fill(count, "value");
      assertThat(functions.all(handle).sequencedKeySet())
          .containsExactlyElementsOf(entries.keySet());
      assertThat(functions.page(handle, "", count).sequencedKeySet())
          .containsExactlyElementsOf(entries.keySet());
    }
  }

  @Test
  void moreThanOneCallCanHoldComesInSeveral() {
    String large = "0123456789abcdef".repeat(10_000); // 256 of these are 40 MiB
    fill(PAGE + 40, large);

    assertThat(functions.all(handle)).isEqualTo(entries);
    assertThat(asked).contains((long) PAGE, PAGE / 2L);

    entries.put(key(3), "0123456789abcdef".repeat(3 << 20)); // 48 MiB
    assertThatThrownBy(() -> functions.all(handle)).isInstanceOf(ArgumentOutOfRangeException.class);
  }
}
