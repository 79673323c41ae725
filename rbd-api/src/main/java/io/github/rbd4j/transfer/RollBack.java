package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.Snapshot;
import org.jspecify.annotations.Nullable;

/** Makes an image what it was before something failed. */
final class RollBack {
  private RollBack() {}

  /**
   * Removes a snapshot if it was taken already, and rolls the image back to an older one.
   *
   * @param from the older snapshot; if it is null there is nothing to roll back to
   * @param failure what else fails is added to it
   */
  static void to(Image image, @Nullable String from, @Nullable String to, Throwable failure) {
    try {
      if (to != null && image.snapshot(to).exists()) {
        Snapshot taken = image.snapshot(to);
        if (taken.isProtected()) {
          taken.unprotect();
        }
        taken.remove();
      }
      if (from != null) {
        image.snapshot(from).rollback();
      }
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
