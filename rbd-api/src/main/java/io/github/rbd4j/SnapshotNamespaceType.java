package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** Whom a snapshot belongs to. */
public enum SnapshotNamespaceType implements NativeValue {
  /** To the user who took it. */
  USER(librbd_constants.RBD_SNAP_NAMESPACE_TYPE_USER()),
  /** To a snapshot of a group. */
  GROUP(librbd_constants.RBD_SNAP_NAMESPACE_TYPE_GROUP()),
  /** To the trash: it was removed and still has clones. */
  TRASH(librbd_constants.RBD_SNAP_NAMESPACE_TYPE_TRASH()),
  /** To mirroring. */
  MIRROR(librbd_constants.RBD_SNAP_NAMESPACE_TYPE_MIRROR()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  SnapshotNamespaceType(int value) {
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
  public static SnapshotNamespaceType of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
