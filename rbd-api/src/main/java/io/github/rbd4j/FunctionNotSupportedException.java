package io.github.rbd4j;

/** The cluster or the native library does not know the function or the feature (ENOSYS). */
public class FunctionNotSupportedException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public FunctionNotSupportedException(RbdFailure failure) {
    super(failure);
  }
}
