package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one loop around native functions that fill buffers whose size the caller has to guess.
 *
 * <p>A function takes one or more buffers. When one is too small it fails with ERANGE and, for most
 * functions, stores the size it needs; the set may have grown again by the next try. The loop grows
 * by at least half each time, gives up after a bounded number of tries, and never allocates more
 * than a bound: the library is not believed when it asks for ever more.
 */
public final class SizedBuffer {
  private static final int MAX_TRIES = 24;

  /** For the buffers of one call: two million images, or 256 values of 128 KiB. */
  private static final long MAX_BYTES = 32L << 20;

  /** For a buffer of one string: names, ids, values of options, tokens. */
  private static final long MAX_STRING = 1L << 20;

  /** How the C function takes the size of a buffer. */
  public enum Sizing {
    /** {@code size_t *}: holds the capacity, then what is needed or was used. */
    SIZE_POINTER,
    /** {@code int *}: the same as an int. */
    INT_POINTER,
    /** {@code size_t}: nothing is stored; too small is ERANGE, E2BIG or ENAMETOOLONG. */
    VALUE,
    /** {@code size_t}: nothing is stored; the function returns what it needs. */
    RETURNED
  }

  /** One buffer of the function: elements of a layout, their first guess, how its size goes. */
  public record Slot(MemoryLayout element, long firstCount, Sizing sizing) {
    /** A buffer of bytes. */
    public static Slot bytes(long firstCount, Sizing sizing) {
      return new Slot(ValueLayout.JAVA_BYTE, firstCount, sizing);
    }

    /** A buffer of structs or numbers, sized through a {@code size_t *}. */
    public static Slot array(MemoryLayout element, long firstCount) {
      return new Slot(element, firstCount, Sizing.SIZE_POINTER);
    }
  }

  /** The native call. */
  @FunctionalInterface
  public interface Fill {
    /** Calls the function with the buffers of this try. */
    long call(SizedBuffer buffers);
  }

  /** Turns the filled buffers into a value, and frees what the native library allocated. */
  @FunctionalInterface
  public interface Decode<T extends @Nullable Object> {
    /** Reads the buffers; {@code result} is what the call returned, never negative. */
    T decode(SizedBuffer buffers, long result);
  }

  private final Arena arena;
  private final Slot[] slots;
  private final long[] capacities;
  private final MemorySegment[] data;
  private final MemorySegment[] sizes;

  private SizedBuffer(Arena arena, Slot[] slots, long[] capacities) {
    this.arena = arena;
    this.slots = slots;
    this.capacities = capacities;
    this.data = new MemorySegment[slots.length];
    this.sizes = new MemorySegment[slots.length];
    for (int i = 0; i < slots.length; i++) {
      data[i] = arena.allocate(slots[i].element(), capacities[i]);
      sizes[i] = arena.allocate(ValueLayout.JAVA_LONG);
      switch (slots[i].sizing()) {
        case SIZE_POINTER -> sizes[i].set(ValueLayout.JAVA_LONG, 0, capacities[i]);
        case INT_POINTER -> sizes[i].set(ValueLayout.JAVA_INT, 0, Math.toIntExact(capacities[i]));
        case VALUE, RETURNED -> {}
      }
    }
  }

  /** Calls until the buffers are large enough, then decodes. */
  public static <T extends @Nullable Object> T fetch(
      Operation operation, Fill fill, Decode<T> decode, Slot... slots) {
    return fetch(operation, MAX_BYTES, fill, decode, slots);
  }

  private static <T extends @Nullable Object> T fetch(
      Operation operation, long maxBytes, Fill fill, Decode<T> decode, Slot... slots) {
    long[] capacities = new long[slots.length];
    for (int i = 0; i < slots.length; i++) {
      capacities[i] = slots[i].firstCount();
    }
    for (int attempt = 0; ; attempt++) {
      try (Arena arena = Arena.ofConfined()) {
        SizedBuffer buffers = new SizedBuffer(arena, slots, capacities);
        long result = fill.call(buffers);
        if (!buffers.tooSmall(result)) {
          return decode.decode(buffers, Failures.check(result, operation));
        }
        capacities = buffers.grown(result);
        if (attempt == MAX_TRIES || bytes(slots, capacities) > maxBytes) {
          throw Failures.toException(
              Errno.ERANGE.result(), operation, "the native library asks for ever larger buffers");
        }
      }
    }
  }

  /**
   * Calls a function that fills one buffer with one string, and returns that. The buffer is erased,
   * as the string can be a key or a token.
   */
  public static String fetchString(Operation operation, Sizing sizing, Fill fill) {
    return fetch(
        operation,
        MAX_STRING,
        fill,
        (buffers, _) -> {
          String string = NativeStrings.readBuffer(buffers.data(0));
          buffers.data(0).fill((byte) 0);
          return string;
        },
        Slot.bytes(256, sizing));
  }

  /** Calls a function that fills one buffer with names and returns their length in bytes. */
  public static List<String> fetchNames(Operation operation, Sizing sizing, Fill fill) {
    return fetch(
        operation,
        fill,
        (buffers, length) -> {
          List<String> names = NativeStrings.split(buffers.data(0), length);
          names.removeIf(String::isEmpty);
          return List.copyOf(names);
        },
        Slot.bytes(4096, sizing));
  }

  /** Reads one element of a list. */
  @FunctionalInterface
  public interface Element<T> {
    /** Reads the struct. */
    T read(MemorySegment struct);
  }

  /** Frees what the native library allocated for the elements of a list. */
  @FunctionalInterface
  public interface Cleanup {
    /** Calls the C function for it. */
    void of(MemorySegment array, long count);
  }

  /** Calls a function that fills one array of structs and stores their number. */
  public static <T> List<T> fetchList(
      Operation operation, Slot slot, Fill fill, Element<T> element, Cleanup cleanup) {
    return fetch(
        operation,
        fill,
        (buffers, result) -> {
          long count = buffers.count(0);
          try {
            List<T> list = new ArrayList<>();
            for (long i = 0; i < count; i++) {
              list.add(element.read(buffers.element(0, i)));
            }
            return List.copyOf(list);
          } finally {
            cleanup.of(buffers.data(0), count);
          }
        },
        slot);
  }

  /** The buffer of a slot. */
  public MemorySegment data(int slot) {
    return data[slot];
  }

  /** What to pass where the C function takes a pointer to the size of a slot. */
  public MemorySegment sizePointer(int slot) {
    return sizes[slot];
  }

  /**
   * The capacity of a slot in elements: what to pass where the function takes the size by value.
   */
  public long capacity(int slot) {
    return capacities[slot];
  }

  /** The size that the function stored, never more than the capacity. */
  public long count(int slot) {
    return Math.clamp(storedSize(slot), 0, capacities[slot]);
  }

  /** An element of a slot. */
  public MemorySegment element(int slot, long index) {
    long size = slots[slot].element().byteSize();
    return data[slot].asSlice(index * size, size);
  }

  /** Memory that lives as long as this try. */
  public Arena arena() {
    return arena;
  }

  private long storedSize(int slot) {
    return switch (slots[slot].sizing()) {
      case SIZE_POINTER -> sizes[slot].get(ValueLayout.JAVA_LONG, 0);
      case INT_POINTER -> sizes[slot].get(ValueLayout.JAVA_INT, 0);
      case VALUE, RETURNED -> capacities[slot];
    };
  }

  private boolean tooSmall(long result) {
    if (result >= 0) {
      return slots[0].sizing() == Sizing.RETURNED && result > capacities[0];
    }
    return result == Errno.ERANGE.result()
        || (slots[0].sizing() == Sizing.VALUE
            && (result == Errno.E2BIG.result() || result == Errno.ENAMETOOLONG.result()));
  }

  /**
   * The capacities for the next try: what the function asked for, with room to spare. When it asked
   * for nothing larger than it had, every buffer is doubled.
   */
  private long[] grown(long result) {
    long[] next = capacities.clone();
    boolean anyGrew = false;
    for (int i = 0; i < slots.length; i++) {
      long needed = slots[i].sizing() == Sizing.RETURNED ? result : storedSize(i);
      if (needed > capacities[i]) {
        next[i] = Math.max(needed, capacities[i] + capacities[i] / 2);
        anyGrew = true;
      }
    }
    if (!anyGrew) {
      for (int i = 0; i < next.length; i++) {
        next[i] = Math.max(1, next[i]) * 2;
      }
    }
    return next;
  }

  /** What the buffers take, at least {@code MAX_BYTES + 1} if that is too much. */
  private static long bytes(Slot[] slots, long[] capacities) {
    long total = 0;
    for (int i = 0; i < slots.length; i++) {
      long size = slots[i].element().byteSize();
      total += Math.min(capacities[i], MAX_BYTES / size + 1) * size;
    }
    return total;
  }
}
