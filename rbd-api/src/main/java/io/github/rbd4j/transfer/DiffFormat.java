package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;

/** The versions of the format of {@code rbd export-diff}. */
@Preview
public enum DiffFormat {
  /** What {@code rbd export-diff} writes. */
  V1("rbd diff v1\n"),
  /** What is inside of {@code rbd export --export-format 2}: records have lengths. */
  V2("rbd diff v2\n");

  static final int FROM_SNAPSHOT = 'f';
  static final int TO_SNAPSHOT = 't';
  static final int PROTECTION = 'p';
  static final int SIZE = 's';
  static final int WRITE = 'w';
  static final int ZERO = 'z';
  static final int END = 'e';

  private final String banner;

  DiffFormat(String banner) {
    this.banner = banner;
  }

  String banner() {
    return banner;
  }
}
