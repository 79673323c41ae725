package io.github.rbd4j.mirror;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** Whether an image is mirrored. */
public enum ImageMirrorState implements NativeValue {
  /** Mirroring is being disabled. */
  DISABLING(librbd_constants.RBD_MIRROR_IMAGE_DISABLING()),
  /** It is mirrored. */
  ENABLED(librbd_constants.RBD_MIRROR_IMAGE_ENABLED()),
  /** It is not mirrored. */
  DISABLED(librbd_constants.RBD_MIRROR_IMAGE_DISABLED()),
  /** It is being created; since Ceph 20. */
  CREATING(librbd_constants.RBD_MIRROR_IMAGE_CREATING()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  ImageMirrorState(int value) {
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
  public static ImageMirrorState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
