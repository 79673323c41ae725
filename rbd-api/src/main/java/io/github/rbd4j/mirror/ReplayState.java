package io.github.rbd4j.mirror;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/**
 * What a site does with a mirrored image. librbd also calls state {@code UNKNOWN} what no site has
 * reported yet.
 */
public enum ReplayState implements NativeValue {
  /** It failed. */
  ERROR(librbd_constants.MIRROR_IMAGE_STATUS_STATE_ERROR()),
  /** It copies the image for the first time. */
  SYNCING(librbd_constants.MIRROR_IMAGE_STATUS_STATE_SYNCING()),
  /** It begins to follow the changes. */
  STARTING_REPLAY(librbd_constants.MIRROR_IMAGE_STATUS_STATE_STARTING_REPLAY()),
  /** It follows the changes. */
  REPLAYING(librbd_constants.MIRROR_IMAGE_STATUS_STATE_REPLAYING()),
  /** It stops following the changes. */
  STOPPING_REPLAY(librbd_constants.MIRROR_IMAGE_STATUS_STATE_STOPPING_REPLAY()),
  /** It does not follow changes, for instance because it has the primary image. */
  STOPPED(librbd_constants.MIRROR_IMAGE_STATUS_STATE_STOPPED()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  ReplayState(int value) {
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
  public static ReplayState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
