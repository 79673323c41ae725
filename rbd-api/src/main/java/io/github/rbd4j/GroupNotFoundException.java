package io.github.rbd4j;

/** There is no group of that name (ENOENT). */
public class GroupNotFoundException extends ObjectNotFoundException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public GroupNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
