package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import java.io.IOException;

/** A copy differs from its original. */
@Preview
public class ChecksumMismatchException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Where the block begins. */
  private final long offset;

  /**
   * Makes the exception.
   *
   * @param copy what differs
   * @param offset where the block begins that differs, in bytes
   * @param length how long it is, in bytes
   */
  public ChecksumMismatchException(String copy, long offset, long length) {
    super(copy + " differs from its original in the " + length + " bytes at " + offset);
    this.offset = offset;
  }

  /**
   * Where the copy differs.
   *
   * @return where the first block begins that differs, in bytes
   */
  public long offset() {
    return offset;
  }
}
