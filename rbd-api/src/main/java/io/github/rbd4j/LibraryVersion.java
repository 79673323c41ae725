package io.github.rbd4j;

/**
 * The version of a native library. librbd of Ceph 16 is 1.16.0, of 18 it is 1.18.0, of 20 it is
 * 1.20.0.
 *
 * @param major the first number
 * @param minor the second number
 * @param extra the third number
 */
public record LibraryVersion(int major, int minor, int extra) {
  @Override
  public String toString() {
    return major + "." + minor + "." + extra;
  }
}
