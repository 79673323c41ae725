package io.github.rbd4j;

/**
 * What the operation names does not exist (ENOENT). The subclasses say what it was where the
 * library knows.
 */
public class ObjectNotFoundException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ObjectNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
