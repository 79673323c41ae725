package io.github.rbd4j;

import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Reads metadata, of an image or a pool, which librbd gives in pages of keys and of values. */
final class MetadataPages {
  private static final long PAGE = 256;

  private MetadataPages() {}

  /** Reads one page. */
  @FunctionalInterface
  interface Reader {
    SequencedMap<String, String> read(String after, long max);
  }

  /** Reads page after page. */
  static SequencedMap<String, String> all(Reader reader) {
    SequencedMap<String, String> all = new LinkedHashMap<>();
    String after = "";
    while (true) {
      SequencedMap<String, String> page = reader.read(after, PAGE);
      all.putAll(page);
      if (page.size() < PAGE) {
        return Collections.unmodifiableSequencedMap(all);
      }
      after = page.lastEntry().getKey();
    }
  }

  /** Calls the function for a page, whose first two buffers are the keys and the values. */
  static SequencedMap<String, String> page(Operation operation, long max, SizedBuffer.Fill fill) {
    if (max < 1) {
      throw new IllegalArgumentException("max " + max + " is less than 1");
    }
    return SizedBuffer.fetch(
        operation,
        fill,
        (b, result) -> pair(b),
        Slot.bytes(4096, Sizing.SIZE_POINTER),
        Slot.bytes(16384, Sizing.SIZE_POINTER));
  }

  private static SequencedMap<String, String> pair(SizedBuffer buffers) {
    List<String> keys = NativeStrings.split(buffers.data(0), buffers.count(0));
    List<String> values = NativeStrings.split(buffers.data(1), buffers.count(1));
    SequencedMap<String, String> page = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      page.put(keys.get(i), i < values.size() ? values.get(i) : "");
    }
    return page;
  }
}
