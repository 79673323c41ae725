package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** How a snapshot is taken with respect to the users of the image that asked to be quiesced. */
public enum SnapshotCreateFlag implements NativeFlag {
  /** Does not quiesce them. */
  SKIP_QUIESCE(librbd_constants.RBD_SNAP_CREATE_SKIP_QUIESCE()),
  /** Goes on when quiescing them fails. */
  IGNORE_QUIESCE_ERROR(librbd_constants.RBD_SNAP_CREATE_IGNORE_QUIESCE_ERROR());

  private final int bit;

  SnapshotCreateFlag(int bit) {
    this.bit = bit;
  }

  @Override
  public long bit() {
    return bit;
  }
}
