package io.github.rbd4j;

/** A constant that librbd knows by a number. */
public interface NativeValue {
  /**
   * The number of librbd.
   *
   * @return the number; {@link Integer#MIN_VALUE} for a constant that stands for unknown numbers
   */
  int value();

  /**
   * Finds the constant of a number.
   *
   * @param <E> the kind of constant
   * @param constants the constants
   * @param value the number
   * @param unknown what to return if none of them has the number
   * @return the constant
   */
  static <E extends NativeValue> E find(E[] constants, int value, E unknown) {
    for (E constant : constants) {
      if (constant.value() == value) {
        return constant;
      }
    }
    return unknown;
  }
}
