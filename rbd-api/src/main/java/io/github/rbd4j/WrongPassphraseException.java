package io.github.rbd4j;

/**
 * The passphrase does not open the encryption of the image (EPERM). librbd says the same when the
 * capabilities of the user do not let it read the data of the image.
 */
public class WrongPassphraseException extends PermissionDeniedException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public WrongPassphraseException(RbdFailure failure) {
    super(failure);
  }
}
