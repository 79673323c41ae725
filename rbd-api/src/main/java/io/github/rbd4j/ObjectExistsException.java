package io.github.rbd4j;

/** What the operation would create exists already (EEXIST). */
public class ObjectExistsException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ObjectExistsException(RbdFailure failure) {
    super(failure);
  }
}
