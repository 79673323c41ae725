package io.github.rbd4j.group;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** How an image belongs to a group. */
public enum GroupImageState implements NativeValue {
  /** It is a member. */
  ATTACHED(librbd_constants.RBD_GROUP_IMAGE_STATE_ATTACHED()),
  /** Adding or removing it was not finished. */
  INCOMPLETE(librbd_constants.RBD_GROUP_IMAGE_STATE_INCOMPLETE()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  GroupImageState(int value) {
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
  public static GroupImageState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
