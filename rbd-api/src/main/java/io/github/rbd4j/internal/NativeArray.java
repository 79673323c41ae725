package io.github.rbd4j.internal;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Arrays that the native library allocated. */
public final class NativeArray {
  /** No such array has more elements: the images of a group, the sites of a mirrored image. */
  private static final long MAX_COUNT = 1 << 20;

  private NativeArray() {}

  /**
   * The elements of an array; none if the pointer is NULL.
   *
   * @throws io.github.rbd4j.RbdException if there cannot be so many
   */
  @SuppressWarnings("restricted")
  public static List<MemorySegment> elements(
      MemorySegment pointer, long count, MemoryLayout layout, String what) {
    Failures.checkCount(count, MAX_COUNT, new Operation("read", Subject.OTHER, what));
    List<MemorySegment> elements = new ArrayList<>();
    if (pointer.address() != 0) {
      long size = layout.byteSize();
      MemorySegment array = pointer.reinterpret(count * size);
      for (long i = 0; i < count; i++) {
        elements.add(array.asSlice(i * size, size));
      }
    }
    return elements;
  }
}
