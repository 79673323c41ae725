package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strings on their way between Java and C. */
class NativeStringsTest {

  private static MemorySegment bytes(Arena arena, String text) {
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a", "vm-1", "größe", "\u65e5\u672c", "\ud83d\ude00", "a b\tc\n\u007f"})
  void aStringComesBack(String text) {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(NativeStrings.require(text, "text")).isSameAs(text);
      MemorySegment copy = NativeStrings.copy(arena, text);
      assertThat(copy.byteSize()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length + 1L);
      assertThat(copy.get(ValueLayout.JAVA_BYTE, copy.byteSize() - 1)).isZero();
      // What C returns is a bare address without a size.
      assertThat(NativeStrings.read(MemorySegment.ofAddress(copy.address()))).isEqualTo(text);
      assertThat(NativeStrings.readBuffer(copy)).isEqualTo(text);
    }
  }

  @Test
  void nullIsNull() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(NativeStrings.copyOrNull(arena, null)).isEqualTo(MemorySegment.NULL);
      assertThat(NativeStrings.read(MemorySegment.NULL)).isEmpty();
      assertThat(NativeStrings.read(NativeStrings.copyOrNull(arena, "x"))).isEqualTo("x");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0", "a\0", "\0a", "vm\0-1"})
  void aNulInsideIsRefused(String text) {
    assertThatThrownBy(() -> NativeStrings.require(text, "key"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("key");
    assertThatThrownBy(() -> NativeStrings.requireName(text, "name"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Half a surrogate pair has no UTF-8: it would arrive as a question mark, another name. */
  @ParameterizedTest
  @ValueSource(ints = {0xd800, 0xdbff, 0xdc00, 0xdfff})
  void halfACharacterIsRefused(int half) {
    for (String text : new String[] {"" + (char) half, "a" + (char) half + "b"}) {
      assertThatThrownBy(() -> NativeStrings.require(text, "name"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("name");
    }
  }

  @Test
  void namesAreCheckedBeforeTheyCross() {
    assertThatThrownBy(() -> NativeStrings.require(absent(), "key"))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("key");
    assertThatThrownBy(() -> NativeStrings.requireName("", "name"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("name is empty");
    assertThat(NativeStrings.requireName("a/b@c", "name")).isEqualTo("a/b@c");
    assertThatThrownBy(() -> NativeStrings.requireNewName("a/b", "name"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a/b");
    assertThatThrownBy(() -> NativeStrings.requireNewName("a@b", "name"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(NativeStrings.requireNewName("a#b", "name")).isEqualTo("a#b");
  }

  @SuppressWarnings("NullAway") // what a caller without null checks passes
  private static String absent() {
    return (String) (Object) null;
  }

  @Test
  void aListIsSplitByCountNotByContent() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = bytes(arena, "a\0\0bc\0");
      assertThat(NativeStrings.split(list, list.byteSize())).containsExactly("a", "", "bc");
      assertThat(NativeStrings.split(list, 0)).isEmpty();
      assertThat(NativeStrings.split(list, 2)).containsExactly("a");
      assertThat(NativeStrings.split(list, 3)).containsExactly("a", "");
      assertThat(NativeStrings.split(bytes(arena, "a\0bc"), 4)).containsExactly("a", "bc");
    }
  }

  @Test
  void aLengthBeyondTheBufferIsCutOff() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = bytes(arena, "a\0b\0");
      assertThat(NativeStrings.split(list, Long.MAX_VALUE)).containsExactly("a", "b");
      assertThat(NativeStrings.split(list, -1)).isEmpty();
    }
  }

  @Test
  void aBufferWithoutItsNulIsReadToItsEnd() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(NativeStrings.readBuffer(bytes(arena, "abc"))).isEqualTo("abc");
      assertThat(NativeStrings.readBuffer(bytes(arena, "abc\0rest"))).isEqualTo("abc");
      assertThat(NativeStrings.readBuffer(arena.allocate(16))).isEmpty();
      assertThat(NativeStrings.readBuffer(arena.allocate(0))).isEmpty();
    }
  }

  @Test
  void bytesThatAreNoUtf8AreNoReasonToFail() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes =
          arena.allocateFrom(ValueLayout.JAVA_BYTE, new byte[] {'a', (byte) 0xff, 'b', 0});
      assertThat(NativeStrings.read(MemorySegment.ofAddress(bytes.address())))
          .isEqualTo("a\ufffdb");
      assertThat(NativeStrings.readBuffer(bytes)).isEqualTo("a\ufffdb");
    }
  }
}
