package io.github.rbd4j.internal;

import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The platforms that the bindings fit: Linux with the data model LP64, little-endian. That is what
 * {@code linux-x86_64} and {@code linux-aarch64} have in common, and all that the layouts and
 * descriptors depend on.
 */
final class Platform {
  /** The sizes of C's types in LP64, in bytes; each is also the alignment. */
  private static final Map<String, Integer> SIZES =
      Map.of(
          "bool",
          1,
          "char",
          1,
          "short",
          2,
          "int",
          4,
          "long",
          8,
          "long long",
          8,
          "size_t",
          8,
          "float",
          4,
          "double",
          8,
          "void*",
          8);

  private Platform() {}

  /**
   * Makes sure that this is such a platform.
   *
   * @throws UnsupportedOperationException if not; says what is different
   */
  static void require() {
    require(
        System.getProperty("os.name", "unknown"),
        System.getProperty("os.arch", "unknown"),
        ByteOrder.nativeOrder(),
        () -> Linker.nativeLinker().canonicalLayouts());
  }

  /** The same for any platform; its layouts are asked for only if the rest fits. */
  static void require(
      String system,
      String architecture,
      ByteOrder order,
      Supplier<Map<String, MemoryLayout>> layouts) {
    if (!system.startsWith("Linux")) {
      throw unsupported(system, architecture, "which is not Linux");
    }
    if (order != ByteOrder.LITTLE_ENDIAN) {
      throw unsupported(system, architecture, "which is big-endian");
    }
    Map<String, MemoryLayout> actual = layouts.get();
    SIZES.forEach(
        (type, size) -> {
          MemoryLayout layout = Objects.requireNonNull(actual.get(type), type);
          if (layout.byteSize() != size || layout.byteAlignment() != size) {
            throw unsupported(
                system,
                architecture,
                "where C's %s has %d bytes aligned to %d, not %d"
                    .formatted(type, layout.byteSize(), layout.byteAlignment(), size));
          }
        });
  }

  private static UnsupportedOperationException unsupported(
      String system, String architecture, String difference) {
    return new UnsupportedOperationException(
        "rbd4j needs 64-bit little-endian Linux (LP64), this is %s on %s, %s"
            .formatted(system, architecture, difference));
  }
}
