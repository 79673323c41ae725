package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** Who moved an image to the trash. */
public enum TrashSource implements NativeValue {
  /** A user. */
  USER(librbd_constants.RBD_TRASH_IMAGE_SOURCE_USER()),
  /** Mirroring. */
  MIRRORING(librbd_constants.RBD_TRASH_IMAGE_SOURCE_MIRRORING()),
  /** A migration. */
  MIGRATION(librbd_constants.RBD_TRASH_IMAGE_SOURCE_MIGRATION()),
  /** A removal that is not finished. */
  REMOVING(librbd_constants.RBD_TRASH_IMAGE_SOURCE_REMOVING()),
  /** A user who removed an image that still has clones. */
  USER_PARENT(librbd_constants.RBD_TRASH_IMAGE_SOURCE_USER_PARENT()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  TrashSource(int value) {
    this.value = value;
  }

  @Override
  public int value() {
    return value;
  }

  /**
   * The constant of a number of librbd.
   *
   * @param value the number
   * @return the constant, {@link #UNKNOWN} if there is none
   */
  public static TrashSource of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
