package io.github.rbd4j;

/** There is no pool of that name or id (ENOENT). */
public class PoolNotFoundException extends ObjectNotFoundException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public PoolNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
