package io.github.rbd4j;

/**
 * The native library refuses the request as invalid (EINVAL): an argument, or the state of the
 * object.
 */
public class InvalidRequestException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public InvalidRequestException(RbdFailure failure) {
    super(failure);
  }
}
