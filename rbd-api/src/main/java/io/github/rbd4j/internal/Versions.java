package io.github.rbd4j.internal;

import io.github.rbd4j.LibraryVersion;
import io.github.rbd4j.bindings.librbd_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The versions that the native libraries report about themselves. */
public final class Versions {
  private Versions() {}

  /** A function that stores three ints. */
  @FunctionalInterface
  private interface Query {
    void store(MemorySegment major, MemorySegment minor, MemorySegment extra);
  }

  /** The version of librbd. */
  public static LibraryVersion librbd() {
    return query(librbd_h::rbd_version);
  }

  /** The version of librados. */
  public static LibraryVersion librados() {
    return query(librbd_h::rados_version);
  }

  private static LibraryVersion query(Query query) {
    NativeSymbols.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 3);
      query.store(numbers, numbers.asSlice(4), numbers.asSlice(8));
      return new LibraryVersion(
          numbers.getAtIndex(ValueLayout.JAVA_INT, 0),
          numbers.getAtIndex(ValueLayout.JAVA_INT, 1),
          numbers.getAtIndex(ValueLayout.JAVA_INT, 2));
    }
  }
}
