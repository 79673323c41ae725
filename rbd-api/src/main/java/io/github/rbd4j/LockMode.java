package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** How the exclusive lock of an image is held. */
public enum LockMode implements NativeValue {
  /** By one client, which keeps it: writes of others fail with {@link ReadOnlyImageException}. */
  EXCLUSIVE(librbd_constants.RBD_LOCK_MODE_EXCLUSIVE()),
  /** By several clients; librbd does not support it. */
  SHARED(librbd_constants.RBD_LOCK_MODE_SHARED()),
  /**
   * By one client, which keeps it for a while: writes of others wait until it is released, however
   * long that takes, and so does the close of their image. {@link AsyncOptions#deadline} bounds the
   * waiting for a future, not that of the close. Since librbd of Ceph 20.
   */
  EXCLUSIVE_TRANSIENT(librbd_constants.RBD_LOCK_MODE_EXCLUSIVE_TRANSIENT()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  LockMode(int value) {
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
  public static LockMode of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
