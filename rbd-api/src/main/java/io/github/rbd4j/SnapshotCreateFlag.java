package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_h;
import java.util.Set;

/** How a snapshot is taken with respect to the users of the image that asked to be quiesced. */
public enum SnapshotCreateFlag {
  /** Does not quiesce them. */
  SKIP_QUIESCE(librbd_h.RBD_SNAP_CREATE_SKIP_QUIESCE()),
  /** Goes on when quiescing them fails. */
  IGNORE_QUIESCE_ERROR(librbd_h.RBD_SNAP_CREATE_IGNORE_QUIESCE_ERROR());

  private final int bit;

  SnapshotCreateFlag(int bit) {
    this.bit = bit;
  }

  /**
   * The mask of some flags.
   *
   * @param flags the flags
   * @return their bits together
   */
  public static int mask(Set<SnapshotCreateFlag> flags) {
    int mask = 0;
    for (SnapshotCreateFlag flag : flags) {
      mask |= flag.bit;
    }
    return mask;
  }
}
