package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotInfo;
import java.io.IOException;

/** A new image, which is removed again if it is not finished. */
final class NewImage {
  private NewImage() {}

  /** Something that fills an image. */
  @FunctionalInterface
  interface Content {
    void fill(Image image) throws IOException;
  }

  /** Creates an image and has it filled. */
  static void create(Rbd rbd, String name, long size, ImageOptions options, Content content)
      throws IOException {
    rbd.create(name, size, options);
    try (Image image = rbd.open(name)) {
      content.fill(image);
    } catch (Throwable failure) {
      try {
        remove(rbd, name);
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    }
  }

  private static void remove(Rbd rbd, String name) {
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
