package io.github.rbd4j.group;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** How complete a snapshot of a group is. */
public enum GroupSnapshotState implements NativeValue {
  /** Taking or removing it was not finished. */
  INCOMPLETE(librbd_constants.RBD_GROUP_SNAP_STATE_INCOMPLETE()),
  /** It is complete. */
  COMPLETE(librbd_constants.RBD_GROUP_SNAP_STATE_COMPLETE()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  GroupSnapshotState(int value) {
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
  public static GroupSnapshotState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
