package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.Snapshot;
import org.jspecify.annotations.Nullable;

/** Makes an image what it was before something failed. */
final class RollBack {
  private RollBack() {}

  /**
   * Rolls an image back to a snapshot, and removes a later one.
   *
   * @param base the snapshot, since which nobody else changed the image; if it is null there is
   *     nothing to roll back to
   * @param taken the later snapshot, if this very transfer took it
   * @param failure what else fails is added to it
   */
  static void to(Image image, @Nullable String base, @Nullable Snapshot taken, Throwable failure) {
    if (base != null) {
      attempt(() -> image.snapshot(base).rollback(), failure);
    }
    if (taken != null) {
      attempt(() -> remove(taken), failure);
    }
  }

  private static void remove(Snapshot taken) {
    if (taken.isProtected()) {
      taken.unprotect();
    }
    taken.remove();
  }

  private static void attempt(Runnable action, Throwable failure) {
    try {
      action.run();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
