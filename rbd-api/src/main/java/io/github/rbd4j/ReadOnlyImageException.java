package io.github.rbd4j;

/** The image is open read-only, at a snapshot, or is locked by somebody else (EROFS). */
public class ReadOnlyImageException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ReadOnlyImageException(RbdFailure failure) {
    super(failure);
  }
}
