package io.github.rbd4j;

/** The object does not support the operation in its present form (EOPNOTSUPP). */
public class OperationNotSupportedException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public OperationNotSupportedException(RbdFailure failure) {
    super(failure);
  }
}
