package io.github.rbd4j.mirror;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** What of a pool is mirrored. */
public enum MirrorMode implements NativeValue {
  /** Nothing. */
  DISABLED(librbd_constants.RBD_MIRROR_MODE_DISABLED()),
  /** The images for which it is enabled. */
  IMAGE(librbd_constants.RBD_MIRROR_MODE_IMAGE()),
  /** All images that have a journal. */
  POOL(librbd_constants.RBD_MIRROR_MODE_POOL()),
  /** Nothing in the default namespace, but namespaces can be mirrored; since Ceph 20. */
  INIT_ONLY(librbd_constants.RBD_MIRROR_MODE_INIT_ONLY()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  MirrorMode(int value) {
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
  public static MirrorMode of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
