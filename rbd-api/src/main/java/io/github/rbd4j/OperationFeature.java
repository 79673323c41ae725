package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** What librbd itself notes about the use of an image. */
public enum OperationFeature implements NativeFlag {
  /** It has clones of version 2. */
  CLONE_PARENT(librbd_constants.RBD_OPERATION_FEATURE_CLONE_PARENT()),
  /** It is a clone of version 2. */
  CLONE_CHILD(librbd_constants.RBD_OPERATION_FEATURE_CLONE_CHILD()),
  /** It is a member of a group. */
  GROUP(librbd_constants.RBD_OPERATION_FEATURE_GROUP()),
  /** It has a snapshot in the trash. */
  SNAP_TRASH(librbd_constants.RBD_OPERATION_FEATURE_SNAP_TRASH());

  private final long bit;

  OperationFeature(long bit) {
    this.bit = bit;
  }

  @Override
  public long bit() {
    return bit;
  }
}
