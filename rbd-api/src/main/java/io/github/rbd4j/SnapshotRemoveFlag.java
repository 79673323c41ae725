package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_h;
import java.util.Set;

/** What is done to be able to remove a snapshot. */
public enum SnapshotRemoveFlag {
  /** Unprotects it first. */
  UNPROTECT(librbd_h.RBD_SNAP_REMOVE_UNPROTECT()),
  /** Flattens its clones first. */
  FLATTEN(librbd_h.RBD_SNAP_REMOVE_FLATTEN());

  private final int bit;

  SnapshotRemoveFlag(int bit) {
    this.bit = bit;
  }

  /**
   * The mask of some flags.
   *
   * @param flags the flags
   * @return their bits together
   */
  public static int mask(Set<SnapshotRemoveFlag> flags) {
    int mask = 0;
    for (SnapshotRemoveFlag flag : flags) {
      mask |= flag.bit;
    }
    return mask;
  }
}
