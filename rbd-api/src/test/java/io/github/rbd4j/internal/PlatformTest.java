package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlatformTest {
  /** As x86-64 and AArch64 have it. */
  private static final Map<String, MemoryLayout> LP64 =
      Map.of(
          "bool", ValueLayout.JAVA_BOOLEAN,
          "char", ValueLayout.JAVA_BYTE,
          "short", ValueLayout.JAVA_SHORT,
          "int", ValueLayout.JAVA_INT,
          "long", ValueLayout.JAVA_LONG,
          "long long", ValueLayout.JAVA_LONG,
          "size_t", ValueLayout.JAVA_LONG,
          "float", ValueLayout.JAVA_FLOAT,
          "double", ValueLayout.JAVA_DOUBLE,
          "void*", ValueLayout.ADDRESS);

  private static void require(String system, ByteOrder order, Map<String, MemoryLayout> layouts) {
    Platform.require(system, "some-processor", order, () -> layouts);
  }

  private static void assertRefused(
      String difference, String system, ByteOrder order, Map<String, MemoryLayout> layouts) {
    assertThatThrownBy(() -> require(system, order, layouts))
        .isExactlyInstanceOf(UnsupportedOperationException.class)
        .hasMessage(
            "rbd4j needs 64-bit little-endian Linux (LP64), this is %s on some-processor, %s",
            system, difference);
  }

  private static Map<String, MemoryLayout> lp64But(String type, MemoryLayout layout) {
    Map<String, MemoryLayout> layouts = new HashMap<>(LP64);
    layouts.put(type, layout);
    return layouts;
  }

  @Test
  void thisPlatformIsOneOfThem() {
    assertThatCode(Platform::require).doesNotThrowAnyException();
    Map<String, MemoryLayout> actual = Linker.nativeLinker().canonicalLayouts();
    LP64.forEach((type, layout) -> assertThat(actual.get(type)).as(type).isNotNull());
  }

  @Test
  void linuxWithLp64IsFine() {
    assertThatCode(() -> require("Linux", ByteOrder.LITTLE_ENDIAN, LP64))
        .doesNotThrowAnyException();
  }

  @Test
  void otherSystemsAreRefused() {
    assertRefused("which is not Linux", "Mac OS X", ByteOrder.LITTLE_ENDIAN, LP64);
    assertRefused(
        "which is not Linux",
        "Windows 11",
        ByteOrder.LITTLE_ENDIAN,
        lp64But("long", ValueLayout.JAVA_INT));
  }

  @Test
  void bigEndianProcessorsAreRefused() {
    assertRefused("which is big-endian", "Linux", ByteOrder.BIG_ENDIAN, LP64);
  }

  @Test
  void otherDataModelsAreRefused() {
    assertRefused(
        "where C's long has 4 bytes aligned to 4, not 8",
        "Linux",
        ByteOrder.LITTLE_ENDIAN,
        lp64But("long", ValueLayout.JAVA_INT));
    assertRefused(
        "where C's size_t has 4 bytes aligned to 4, not 8",
        "Linux",
        ByteOrder.LITTLE_ENDIAN,
        lp64But("size_t", ValueLayout.JAVA_INT));
    // As on 32-bit x86.
    assertRefused(
        "where C's long long has 8 bytes aligned to 4, not 8",
        "Linux",
        ByteOrder.LITTLE_ENDIAN,
        lp64But("long long", ValueLayout.JAVA_LONG.withByteAlignment(4)));
  }
}
