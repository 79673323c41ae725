package io.github.rbd4j;

/**
 * The cluster did not answer within the time-out that the connection sets (ETIMEDOUT). A write that
 * timed out may or may not have been done.
 */
public class OperationTimeoutException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public OperationTimeoutException(RbdFailure failure) {
    super(failure);
  }
}
