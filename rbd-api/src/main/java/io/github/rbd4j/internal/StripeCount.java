package io.github.rbd4j.internal;

/**
 * Over how many objects a stripe can go. librbd keeps 32 bits of the number that it is given, looks
 * at no limit, and divides by it: if all 32 bits are zero, that ends the process.
 */
public final class StripeCount {
  /** Far above what anybody uses, and far below what is cut off. */
  public static final long MAX = 1 << 20;

  private StripeCount() {}

  /** Checks a value of the configuration option that gives the default. */
  static void requireConfig(String value) {
    if (!value.matches("[0-9]{1,7}") || Integer.parseInt(value) > MAX) {
      throw new IllegalArgumentException(
          "the default stripe count " + value + " is not a number from 0 to " + MAX);
    }
  }
}
