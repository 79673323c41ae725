package io.github.rbd4j;

/** The cluster reports an input/output error (EIO). */
public class RbdIoException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public RbdIoException(RbdFailure failure) {
    super(failure);
  }
}
