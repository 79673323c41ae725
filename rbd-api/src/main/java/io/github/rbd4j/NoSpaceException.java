package io.github.rbd4j;

/** The cluster, the pool or the image has no room (ENOSPC). */
public class NoSpaceException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public NoSpaceException(RbdFailure failure) {
    super(failure);
  }
}
