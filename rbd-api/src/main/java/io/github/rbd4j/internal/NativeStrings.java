package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Strings cross as UTF-8 with a NUL at their end. */
public final class NativeStrings {
  /** No string of librbd or librados is longer; a read stops here at the latest. */
  private static final long MAX_LENGTH = 16L << 20;

  /** The longest name of a pool that goes into a configuration option. */
  private static final int MAX_POOL_NAME = 256;

  private NativeStrings() {}

  /**
   * Checks that a string can cross: not null, no NUL inside, no half of a surrogate pair, which
   * UTF-8 cannot express and which would arrive as a question mark.
   *
   * @return the string
   */
  public static String require(String value, String what) {
    Objects.requireNonNull(value, what);
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what + " contains a NUL character");
    }
    if (value
        .codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw new IllegalArgumentException(what + " contains half a character (a lone surrogate)");
    }
    return value;
  }

  /** Checks that a name can cross and is not empty. */
  public static String requireName(String value, String what) {
    if (require(value, what).isEmpty()) {
      throw new IllegalArgumentException(what + " is empty");
    }
    return value;
  }

  /**
   * Checks a name that is about to be given to a new image or snapshot. librbd accepts {@code /}
   * and {@code @}, which no tool of Ceph could address afterwards.
   */
  public static String requireNewName(String value, String what) {
    requireName(value, what);
    if (value.indexOf('/') >= 0 || value.indexOf('@') >= 0) {
      throw new IllegalArgumentException(what + " \"" + value + "\" contains '/' or '@'");
    }
    return value;
  }

  /**
   * Checks the name of a configuration option.
   *
   * @return the name as Ceph has it: files and people also write {@code osd-op timeout}
   */
  public static String requireOption(String name, String what) {
    return optionName(requireName(name, what));
  }

  private static String optionName(String name) {
    return name.replace(' ', '_').replace('-', '_');
  }

  /**
   * Checks a value that is about to be given to a configuration option. Ceph matches the value of
   * one option against a pattern in a recursion that takes some 300 bytes of stack for each
   * character: a long value overflows the stack of the thread, and that ends the process.
   */
  public static String requireConfig(String option, String value) {
    require(value, "value");
    if (optionName(option).equals("rbd_default_stripe_count")) {
      StripeCount.requireConfig(value);
    }
    if (value.length() > MAX_POOL_NAME && optionName(option).equals("rbd_default_data_pool")) {
      throw new IllegalArgumentException(
          "the value of " + option + " has more than " + MAX_POOL_NAME + " characters");
    }
    return value;
  }

  /** A copy for native code; the string was checked with one of the methods above. */
  public static MemorySegment copy(Arena arena, String value) {
    return arena.allocateFrom(value);
  }

  /** A copy for native code, or NULL. */
  public static MemorySegment copyOrNull(Arena arena, @Nullable String value) {
    return value == null ? MemorySegment.NULL : arena.allocateFrom(value);
  }

  /** The string that a native pointer points to, empty for NULL. */
  @SuppressWarnings("restricted")
  public static String read(MemorySegment pointer) {
    if (pointer.address() == 0) {
      return "";
    }
    return pointer.reinterpret(MAX_LENGTH).getString(0);
  }

  /** The strings that follow each other, each ended by a NUL, where a native pointer points to. */
  @SuppressWarnings("restricted")
  public static List<String> readMany(MemorySegment pointer, long count) {
    List<String> strings = new ArrayList<>();
    if (pointer.address() != 0) {
      MemorySegment memory = pointer.reinterpret(MAX_LENGTH);
      long offset = 0;
      for (long i = 0; i < count; i++) {
        String string = memory.getString(offset);
        strings.add(string);
        offset += string.getBytes(StandardCharsets.UTF_8).length + 1L;
      }
    }
    return List.copyOf(strings);
  }

  /** The string in a buffer, up to its NUL or to the end of the buffer. */
  public static String readBuffer(MemorySegment buffer) {
    long end = 0;
    while (end < buffer.byteSize() && buffer.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    return decode(buffer, 0, end);
  }

  /** The strings in a buffer, each ended by a NUL; the last may be ended by the buffer. */
  public static List<String> split(MemorySegment buffer, long length) {
    long end = Math.min(length, buffer.byteSize());
    List<String> strings = new ArrayList<>();
    long start = 0;
    for (long i = 0; i < end; i++) {
      if (buffer.get(ValueLayout.JAVA_BYTE, i) == 0) {
        strings.add(decode(buffer, start, i));
        start = i + 1;
      }
    }
    if (start < end) {
      strings.add(decode(buffer, start, end));
    }
    return strings;
  }

  private static String decode(MemorySegment buffer, long start, long end) {
    byte[] bytes = buffer.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
