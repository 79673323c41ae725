package io.github.rbd4j;

/** There is a snapshot of that name already (EEXIST). */
public class SnapshotExistsException extends ObjectExistsException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public SnapshotExistsException(RbdFailure failure) {
    super(failure);
  }
}
