package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** What is done to be able to remove a snapshot. */
public enum SnapshotRemoveFlag implements NativeFlag {
  /** Unprotects it first. */
  UNPROTECT(librbd_constants.RBD_SNAP_REMOVE_UNPROTECT()),
  /** Flattens its clones first. */
  FLATTEN(librbd_constants.RBD_SNAP_REMOVE_FLATTEN());

  private final int bit;

  SnapshotRemoveFlag(int bit) {
    this.bit = bit;
  }

  @Override
  public long bit() {
    return bit;
  }
}
