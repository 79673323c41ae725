package io.github.rbd4j.bench.workload;

import io.github.rbd4j.Image;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** One read after the other. */
final class Reads {
  private Reads() {}

  /** Into native memory. */
  static Workload intoNative(Image image, int size, long span) {
    MemorySegment target = Arena.ofAuto().allocate(size, 4096);
    Offsets offsets = new Offsets(span / size, size, false);
    return end -> {
      long operations = 0;
      do {
        for (int i = 0; i < Workload.BATCH; i++) {
          require(image.readAt(offsets.next(), target), size);
        }
        operations += Workload.BATCH;
      } while (System.nanoTime() - end < 0);
      return operations;
    };
  }

  /** Into an array. */
  static Workload intoArray(Image image, int size, long span) {
    byte[] target = new byte[size];
    Offsets offsets = new Offsets(span / size, size, false);
    return end -> {
      long operations = 0;
      do {
        for (int i = 0; i < Workload.BATCH; i++) {
          require(image.readAt(offsets.next(), target), size);
        }
        operations += Workload.BATCH;
      } while (System.nanoTime() - end < 0);
      return operations;
    };
  }

  static void require(long count, long size) {
    if (count != size) {
      throw new IllegalStateException("read " + count + " bytes instead of " + size);
    }
  }
}
