package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** What a mirror snapshot is for. */
public enum MirrorSnapshotState implements NativeValue {
  /** It was taken of the primary image. */
  PRIMARY(librbd_constants.RBD_SNAP_MIRROR_STATE_PRIMARY()),
  /** It was taken when the primary image was demoted. */
  PRIMARY_DEMOTED(librbd_constants.RBD_SNAP_MIRROR_STATE_PRIMARY_DEMOTED()),
  /** It is the copy of a primary snapshot. */
  NON_PRIMARY(librbd_constants.RBD_SNAP_MIRROR_STATE_NON_PRIMARY()),
  /** It is the copy of the snapshot of a demotion. */
  NON_PRIMARY_DEMOTED(librbd_constants.RBD_SNAP_MIRROR_STATE_NON_PRIMARY_DEMOTED()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  MirrorSnapshotState(int value) {
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
  public static MirrorSnapshotState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
