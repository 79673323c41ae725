package io.github.rbd4j;

/** There is no image of that name or id (ENOENT). */
public class ImageNotFoundException extends ObjectNotFoundException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ImageNotFoundException(RbdFailure failure) {
    super(failure);
  }
}
