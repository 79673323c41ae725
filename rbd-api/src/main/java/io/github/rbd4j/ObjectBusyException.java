package io.github.rbd4j;

/**
 * Somebody uses what the operation names: a namespace that has images, a pool that has peers
 * (EBUSY). Of an image or a snapshot of it, it is the subclass {@link ImageBusyException}.
 */
public class ObjectBusyException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ObjectBusyException(RbdFailure failure) {
    super(failure);
  }
}
