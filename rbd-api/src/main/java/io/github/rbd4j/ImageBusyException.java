package io.github.rbd4j;

/**
 * Somebody uses the image: has it open, holds its lock, shares its data by a snapshot or clone of
 * it (EBUSY).
 */
public class ImageBusyException extends ObjectBusyException {
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
