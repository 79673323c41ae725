package io.github.rbd4j;

/**
 * A write was done in part only: another client shrank the image while it ran. {@link
 * #bytesWritten()} says how much of it is in the image.
 */
public class IncompleteWriteException extends RbdException {
  private static final long serialVersionUID = 1L;

  /** How far the write came. */
  private final long bytesWritten;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   * @param bytesWritten the number of bytes that were written, from the start of the range
   */
  public IncompleteWriteException(RbdFailure failure, long bytesWritten) {
    super(failure);
    this.bytesWritten = bytesWritten;
  }

  /**
   * How far the write came.
   *
   * @return the number of bytes that were written, from the start of the range
   */
  public long bytesWritten() {
    return bytesWritten;
  }
}
