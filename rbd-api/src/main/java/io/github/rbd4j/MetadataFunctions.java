package io.github.rbd4j;

import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Metadata, which images and pools have alike: keys with values, listed in pages.
 *
 * @param getter the C function that reads a value
 * @param setter the C function that sets a value
 * @param remover the C function that removes a value
 * @param lister the C function that lists a page
 */
record MetadataFunctions(Getter getter, Setter setter, Remover remover, Lister lister) {
  private static final long PAGE = 256;

  @FunctionalInterface
  interface Getter {
    int get(MemorySegment object, MemorySegment key, MemorySegment value, MemorySegment length);
  }

  @FunctionalInterface
  interface Setter {
    int set(MemorySegment object, MemorySegment key, MemorySegment value);
  }

  @FunctionalInterface
  interface Remover {
    int remove(MemorySegment object, MemorySegment key);
  }

  @FunctionalInterface
  interface Lister {
    int list(
        MemorySegment object,
        MemorySegment start,
        long max,
        MemorySegment keys,
        MemorySegment keysLength,
        MemorySegment values,
        MemorySegment valuesLength);
  }

  String get(NativeHandle handle, String key) {
    return value(handle, NativeStrings.requireName(key, "key"));
  }

  private String value(NativeHandle handle, String key) {
    return handle.use(
        (object, arena) -> {
          MemorySegment name = NativeStrings.copy(arena, key);
          return SizedBuffer.fetch(
              operation(handle, "get", key),
              b -> getter.get(object, name, b.data(0), b.sizePointer(0)),
              (b, result) -> NativeStrings.readBuffer(b.data(0)),
              Slot.bytes(4096, Sizing.SIZE_POINTER));
        });
  }

  void set(NativeHandle handle, String key, String value) {
    NativeStrings.requireName(key, "key");
    NativeStrings.require(value, "value");
    if (key.startsWith(ConfigOption.METADATA_PREFIX)) {
      NativeStrings.requireConfig(key.substring(ConfigOption.METADATA_PREFIX.length()), value);
    }
    handle.callInArena(
        operation(handle, "set", key),
        (object, arena) ->
            setter.set(object, NativeStrings.copy(arena, key), NativeStrings.copy(arena, value)));
  }

  void remove(NativeHandle handle, String key) {
    NativeStrings.requireName(key, "key");
    handle.callInArena(
        operation(handle, "remove", key),
        (object, arena) -> remover.remove(object, NativeStrings.copy(arena, key)));
  }

  SequencedMap<String, String> all(NativeHandle handle) {
    SequencedMap<String, String> all = new LinkedHashMap<>();
    String after = "";
    while (true) {
      SequencedMap<String, String> page = page(handle, after, PAGE);
      int before = all.size();
      all.putAll(page);
      if (page.size() < PAGE || all.size() == before) {
        return Collections.unmodifiableSequencedMap(all);
      }
      after = page.lastEntry().getKey();
    }
  }

  /**
   * Fills a page, unless there is no more: with several calls where keys are removed meanwhile, and
   * where so many values are too much for one.
   */
  SequencedMap<String, String> page(NativeHandle handle, String after, long max) {
    NativeStrings.require(after, "after");
    if (max < 1) {
      throw new IllegalArgumentException("max " + max + " is less than 1");
    }
    SequencedMap<String, String> page = new LinkedHashMap<>();
    String start = after;
    long most = PAGE;
    while (page.size() < max) {
      long wanted = Math.min(max - page.size(), most);
      try {
        List<String> keys = read(handle, start, wanted, page);
        if (keys.size() < wanted || keys.getLast().equals(start)) {
          break;
        }
        start = keys.getLast();
      } catch (ArgumentOutOfRangeException tooMuch) {
        if (wanted == 1) {
          throw tooMuch;
        }
        most = wanted / 2;
      }
    }
    return page;
  }

  /** Adds what one call lists, and returns the keys that it listed. */
  private List<String> read(
      NativeHandle handle, String after, long max, SequencedMap<String, String> page) {
    return handle.use(
        (object, arena) -> {
          MemorySegment start = NativeStrings.copy(arena, after);
          return SizedBuffer.fetch(
              handle.operation("list the metadata of"),
              b ->
                  lister.list(
                      object, start, max, b.data(0), b.sizePointer(0), b.data(1), b.sizePointer(1)),
              (b, result) -> pair(handle, b, page),
              Slot.bytes(4096, Sizing.SIZE_POINTER),
              Slot.bytes(16384, Sizing.SIZE_POINTER));
        });
  }

  private List<String> pair(
      NativeHandle handle, SizedBuffer buffers, SequencedMap<String, String> page) {
    List<String> keys = NativeStrings.split(buffers.data(0), buffers.count(0));
    List<String> values = NativeStrings.split(buffers.data(1), buffers.count(1));
    if (values.size() == keys.size()) {
      for (int i = 0; i < keys.size(); i++) {
        page.put(keys.get(i), values.get(i));
      }
    } else { // some value that another program wrote holds a NUL, so it is not clear which
      for (String key : new LinkedHashSet<>(keys)) {
        find(handle, key).ifPresent(value -> page.put(key, value));
      }
    }
    return keys;
  }

  /** The value of a key, also of the empty one, which other programs can write. */
  private Optional<String> find(NativeHandle handle, String key) {
    try {
      return Optional.of(value(handle, key));
    } catch (ObjectNotFoundException removedMeanwhile) {
      return Optional.empty();
    }
  }

  private static Operation operation(NativeHandle handle, String verb, String key) {
    return handle
        .operation(verb)
        .on(Subject.KEY, "\"" + key + "\" of the metadata of " + handle.description());
  }
}
