package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** How far a migration is. */
public enum MigrationState implements NativeValue {
  /** It failed. */
  ERROR(librbd_constants.RBD_IMAGE_MIGRATION_STATE_ERROR()),
  /** It is being prepared. */
  PREPARING(librbd_constants.RBD_IMAGE_MIGRATION_STATE_PREPARING()),
  /** It is prepared: the target can be used, no data has moved. */
  PREPARED(librbd_constants.RBD_IMAGE_MIGRATION_STATE_PREPARED()),
  /** Data is being copied. */
  EXECUTING(librbd_constants.RBD_IMAGE_MIGRATION_STATE_EXECUTING()),
  /** All data is copied: it can be committed. */
  EXECUTED(librbd_constants.RBD_IMAGE_MIGRATION_STATE_EXECUTED()),
  /** It is being undone. */
  ABORTING(librbd_constants.RBD_IMAGE_MIGRATION_STATE_ABORTING()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  MigrationState(int value) {
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
  public static MigrationState of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
