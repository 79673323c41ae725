package io.github.rbd4j;

/** There is no RADOS namespace of that name (ENOENT). */
public class NamespaceNotFoundException extends ObjectNotFoundException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public NamespaceNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
