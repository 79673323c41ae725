package io.github.rbd4j;

/**
 * The client lacks the capability, or the object refuses (EPERM, EACCES). A passphrase that is
 * refused has the subclass {@link WrongPassphraseException}.
 */
public class PermissionDeniedException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public PermissionDeniedException(RbdFailure failure) {
    super(failure);
  }
}
