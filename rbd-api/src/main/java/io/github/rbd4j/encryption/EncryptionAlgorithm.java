package io.github.rbd4j.encryption;

import io.github.rbd4j.NativeValue;
import io.github.rbd4j.bindings.librbd_constants;

/** The cipher of a LUKS container. */
public enum EncryptionAlgorithm implements NativeValue {
  /** AES-XTS with a key of 128 bits. */
  AES128(librbd_constants.RBD_ENCRYPTION_ALGORITHM_AES128()),
  /** AES-XTS with a key of 256 bits. */
  AES256(librbd_constants.RBD_ENCRYPTION_ALGORITHM_AES256()),
  /** A value that this version of rbd4j does not know. */
  UNKNOWN(Integer.MIN_VALUE);

  private final int value;

  EncryptionAlgorithm(int value) {
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
  public static EncryptionAlgorithm of(int value) {
    return NativeValue.find(values(), value, UNKNOWN);
  }
}
