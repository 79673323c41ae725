package io.github.rbd4j;

/** There is no snapshot of that name or id (ENOENT). */
public class SnapshotNotFoundException extends ObjectNotFoundException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public SnapshotNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
