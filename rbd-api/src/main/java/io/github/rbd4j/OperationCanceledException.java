package io.github.rbd4j;

/** The operation was canceled (ECANCELED). */
public class OperationCanceledException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public OperationCanceledException(RbdFailure failure) {
    super(failure);
  }
}
