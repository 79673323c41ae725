package io.github.rbd4j;

/** The image still has snapshots (ENOTEMPTY). */
public class ImageHasSnapshotsException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ImageHasSnapshotsException(RbdFailure failure) {
    super(failure);
  }
}
