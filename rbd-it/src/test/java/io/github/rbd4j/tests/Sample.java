package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotInfo;
import java.util.Arrays;

/** An image with holes and a history, and what it held at each time. */
final class Sample {
  static final int MIB = 1 << 20;
  static final int SIZE = 18 * MIB + 1234;
  static final int LATER_SIZE = 21 * MIB + 99;

  private Sample() {}

  /** Creates an image with objects of 1 MiB: data, holes, and zeros that were written. */
  static byte[] create(Rbd rbd, String name, long seed) {
    return create(rbd, name, new ImageOptions(), seed);
  }

  private static byte[] create(Rbd rbd, String name, ImageOptions options, long seed) {
    byte[] data = new byte[SIZE];
    rbd.create(name, SIZE, options.order(20));
    try (Image image = rbd.open(name)) {
      write(image, data, 100, 5 * MIB, seed);
      write(image, data, 9 * MIB - 3000, 7000, seed + 1);
      write(image, data, SIZE - 5000, 5000, seed + 2);
      image.writeAt(12L * MIB, new byte[MIB]);
    }
    return data;
  }

  private static void write(Image image, byte[] data, int offset, int length, long seed) {
    System.arraycopy(Bytes.random(length, seed), 0, data, offset, length);
    image.writeAt(offset, data, offset, length);
  }

  /** Takes snapshots {@code one} and {@code two}, with changes between them and after. */
  static byte[][] createWithHistory(Rbd rbd, String name, long seed) {
    return createWithHistory(rbd, name, new ImageOptions(), seed);
  }

  /** The same with other features, stripes and so on. */
  static byte[][] createWithHistory(Rbd rbd, String name, ImageOptions options, long seed) {
    byte[] one = create(rbd, name, options, seed);
    byte[] two = Arrays.copyOf(one, LATER_SIZE);
    byte[] head;
    try (Image image = rbd.open(name)) {
      image.setMetadata("owner", "äöü");
      image.setMetadata("empty", "");
      image.createSnapshot("one").protect();
      image.resize(LATER_SIZE, false);
      write(image, two, 2 * MIB + 5, 700, seed + 3);
      write(image, two, LATER_SIZE - 99, 99, seed + 4);
      image.writeZeroes(3L * MIB, 2L * MIB);
      Arrays.fill(two, 3 * MIB, 5 * MIB, (byte) 0);
      image.createSnapshot("two");
      image.resize(4L * MIB, true);
      head = Arrays.copyOf(Arrays.copyOf(two, 4 * MIB), 8 * MIB);
      image.resize(8L * MIB, false);
      write(image, head, 6 * MIB, 10_000, seed + 5);
    }
    return new byte[][] {one, two, head};
  }

  static byte[] read(Rbd rbd, String name) {
    try (Image image = rbd.openReadOnly(name)) {
      return Bytes.of(image);
    }
  }

  static byte[] read(Rbd rbd, String name, String snapshot) {
    try (Image image = rbd.open(name, io.github.rbd4j.OpenOptions.at(snapshot))) {
      return Bytes.of(image);
    }
  }

  /** Removes an image with its snapshots, if it is there. */
  static void remove(Rbd rbd, String name) {
    if (!rbd.exists(name)) {
      return;
    }
    try (Image image = rbd.open(name)) {
      for (SnapshotInfo info : image.snapshots()) {
        Snapshot snapshot = image.snapshot(info.name());
        if (snapshot.isProtected()) {
          snapshot.unprotect();
        }
        snapshot.remove();
      }
    }
    rbd.remove(name);
  }
}
