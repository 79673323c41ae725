package io.github.rbd4j.internal;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotInfo;
import java.io.IOException;
import java.util.function.Consumer;

/** A new image, which is removed again if it is not finished, or not what it should be. */
public final class NewImage {
  private NewImage() {}

  /** Something that fills an image. */
  @FunctionalInterface
  public interface Content {
    void fill(Image image) throws IOException;
  }

  /** Creates an image and has it filled. */
  public static void create(Rbd rbd, String name, long size, ImageOptions options, Content content)
      throws IOException {
    rbd.create(name, size, options);
    try (Image image = rbd.open(name)) {
      content.fill(image);
    } catch (Throwable failure) {
      removeAfter(failure, rbd, name);
      throw failure;
    }
  }

  /** Checks an image that was made just now. */
  public static void check(Rbd rbd, String name, Consumer<Image> check) {
    try (Image image = rbd.openReadOnly(name)) {
      check.accept(image);
    } catch (Throwable failure) {
      removeAfter(failure, rbd, name);
      throw failure;
    }
  }

  private static void removeAfter(Throwable failure, Rbd rbd, String name) {
    try {
      remove(rbd, name);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
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
