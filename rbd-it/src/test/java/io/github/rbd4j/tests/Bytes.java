package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import java.util.Arrays;
import java.util.Random;

/** Data of images. */
final class Bytes {
  private Bytes() {}

  /** Data that does not compress and is the same for the same seed. */
  static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Checks that two arrays are equal; says where they are not instead of printing them. */
  static void assertEqual(byte[] actual, byte[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    assertThat(Arrays.mismatch(actual, expected)).as("the first difference").isEqualTo(-1);
  }

  /** Checks that all bytes are zero. */
  static void assertZero(byte[] actual) {
    assertEqual(actual, new byte[actual.length]);
  }

  /** All that an image shows. */
  static byte[] of(Image image) {
    return of(image, 0, Math.toIntExact(image.size()));
  }

  /** A part of what an image shows. */
  static byte[] of(Image image, long offset, int length) {
    byte[] bytes = new byte[length];
    assertThat(image.readAt(offset, bytes)).isEqualTo(length);
    return bytes;
  }
}
