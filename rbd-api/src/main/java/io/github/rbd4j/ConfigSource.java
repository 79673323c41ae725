package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** Where the value of a configuration option comes from. */
public enum ConfigSource implements NativeValue {
  /** From the configuration of the cluster or the client. */
  CONFIG(librbd_constants.RBD_CONFIG_SOURCE_CONFIG()),
  /** From the metadata of the pool. */
  POOL(librbd_constants.RBD_CONFIG_SOURCE_POOL()),
  /** From the metadata of the image. */
  IMAGE(librbd_constants.RBD_CONFIG_SOURCE_IMAGE()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  ConfigSource(int value) {
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
  public static ConfigSource of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
