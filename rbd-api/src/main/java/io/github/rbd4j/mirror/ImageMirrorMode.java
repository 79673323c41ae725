package io.github.rbd4j.mirror;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** How an image is mirrored. */
public enum ImageMirrorMode implements NativeValue {
  /** By its journal. */
  JOURNAL(librbd_constants.RBD_MIRROR_IMAGE_MODE_JOURNAL()),
  /** By snapshots. */
  SNAPSHOT(librbd_constants.RBD_MIRROR_IMAGE_MODE_SNAPSHOT()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  ImageMirrorMode(int value) {
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
  public static ImageMirrorMode of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
