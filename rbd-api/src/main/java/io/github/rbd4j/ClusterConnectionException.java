package io.github.rbd4j;

/** The cluster cannot be reached, or the connection is not usable. */
public class ClusterConnectionException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ClusterConnectionException(RbdFailure failure) {
    super(failure);
  }
}
