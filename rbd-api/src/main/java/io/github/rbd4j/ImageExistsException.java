package io.github.rbd4j;

/** There is an image of that name already (EEXIST). */
public class ImageExistsException extends ObjectExistsException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ImageExistsException(RbdFailure failure) {
    super(failure);
  }
}
