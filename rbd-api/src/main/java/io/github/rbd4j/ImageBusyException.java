package io.github.rbd4j;

/**
 * Somebody uses the object: an open image, a protected snapshot, a lock of another client (EBUSY).
 */
public class ImageBusyException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ImageBusyException(RbdFailure failure) {
    super(failure);
  }
}
