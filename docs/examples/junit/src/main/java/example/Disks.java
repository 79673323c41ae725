package example;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;

/** Disks of virtual machines, made from a template: what the tests of this example test. */
public final class Disks {
  private static final String SNAPSHOT = "template";

  private final Rbd rbd;

  public Disks(Rbd rbd) {
    this.rbd = rbd;
  }

  /** Makes a template of an image: from now on disks can be made of it. */
  public void publish(String template) {
    try (Image image = rbd.open(template)) {
      Snapshot snapshot = image.createSnapshot(SNAPSHOT);
      snapshot.protect();
    }
  }

  /** Makes a disk that starts with the content of a template and shares its data. */
  public void create(String template, String disk) {
    rbd.clone(template, SNAPSHOT, rbd, disk, new ImageOptions());
  }

  /** Makes a disk larger. */
  public void grow(String disk, long size) {
    try (Image image = rbd.open(disk)) {
      image.resize(size, false);
    }
  }
}
