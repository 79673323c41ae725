package io.github.rbd4j;

/**
 * librbd left data out of a copy that it reported as done: a snapshot of the image, which is named,
 * differs. It does so while OSDs are still removing another snapshot of the image, which can take a
 * while after its removal has returned. A copy that differs is removed; try again later.
 */
public class IncompleteCopyException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what differs
   */
  public IncompleteCopyException(RbdFailure failure) {
    super(failure);
  }
}
