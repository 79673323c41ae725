package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.Snapshot;
import org.jspecify.annotations.Nullable;

/** Makes an image what it was before something failed. */
final class RollBack {
  private RollBack() {}

  /**
   * Rolls an image back to a snapshot, since which nobody else changed it.
   *
   * @param base the snapshot; if it is null there is nothing to roll back to
   * @param failure what else fails is added to it
   */
  static void to(Image image, @Nullable String base, Throwable failure) {
    if (base != null) {
      attempt(() -> image.snapshot(base).rollback(), failure);
    }
  }

  /**
   * Removes a snapshot.
   *
   * @param taken the snapshot, if this very transfer took one
   * @param failure what else fails is added to it
   */
  static void remove(@Nullable Snapshot taken, Throwable failure) {
    if (taken != null) {
      attempt(
          () -> {
            if (taken.isProtected()) {
              taken.unprotect();
            }
            taken.remove();
          },
          failure);
    }
  }

  private static void attempt(Runnable action, Throwable failure) {
    try {
      action.run();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
