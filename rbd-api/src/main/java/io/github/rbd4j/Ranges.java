package io.github.rbd4j;

import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.jfr.ImageOperation;

/** What is checked of the range of an operation on the data of an image. */
final class Ranges {
  /** The C functions return an int in the end, so that nothing larger is given to them. */
  static final long MAX_TRANSFER = 1L << 30;

  private Ranges() {}

  static void requireNotNegative(long value, String what) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " " + value + " is negative");
    }
  }

  /** Checks that one call can move so much, and returns it. */
  static long requireTransfer(long length) {
    if (length > MAX_TRANSFER) {
      throw new IllegalArgumentException(
          "length " + length + " is more than 1 GiB: split the operation");
    }
    return length;
  }

  /** Checks that a range lies within an image. librbd would cut it off without a word. */
  static void requireWithin(long size, long offset, long length, NativeHandle image) {
    requireNotNegative(offset, "offset");
    requireNotNegative(length, "length");
    if (offset > size || length > size - offset) {
      throw new IllegalArgumentException(
          "the range of "
              + length
              + " bytes at offset "
              + offset
              + " does not lie within image "
              + image.name()
              + ", which has "
              + size
              + " bytes");
    }
  }

  static void requireMultiple(long length, long unit) {
    if (unit == 0 || length % unit != 0) {
      throw new IllegalArgumentException(
          "length " + length + " is not a multiple of the " + unit + " bytes of the pattern");
    }
  }

  static void requireEqualLengths(long expected, long data) {
    if (expected != data) {
      throw new IllegalArgumentException(
          "expected and data differ in length: " + expected + " and " + data);
    }
  }

  /** How much of a range lies within an image of that size. */
  static long within(long size, long offset, long length) {
    return Math.min(length, Math.max(0, size - offset));
  }

  /** Throws if librbd has done less than all of a change. */
  static void requireWhole(long done, long length, NativeHandle image, ImageOperation kind) {
    if (done < length) {
      throw new IncompleteWriteException(
          new RbdFailure(
              kind.verb(),
              "image " + image.name(),
              0,
              "only " + done + " bytes fit into the image"),
          done);
    }
  }
}
