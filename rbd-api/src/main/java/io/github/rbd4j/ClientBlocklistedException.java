package io.github.rbd4j;

/**
 * The cluster has blocklisted this client (ESHUTDOWN). The connection never recovers: make a new
 * one.
 */
public class ClientBlocklistedException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ClientBlocklistedException(RbdFailure failure) {
    super(failure);
  }
}
