package io.github.rbd4j.mirror;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** Which way a peer is used. */
public enum MirrorPeerDirection implements NativeValue {
  /** Images come from it. */
  RX(librbd_constants.RBD_MIRROR_PEER_DIRECTION_RX()),
  /** Images go to it. */
  TX(librbd_constants.RBD_MIRROR_PEER_DIRECTION_TX()),
  /** Both ways. */
  RX_TX(librbd_constants.RBD_MIRROR_PEER_DIRECTION_RX_TX()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  MirrorPeerDirection(int value) {
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
  public static MirrorPeerDirection of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
