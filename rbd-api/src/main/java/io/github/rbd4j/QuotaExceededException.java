package io.github.rbd4j;

/** A quota or limit is reached: the quota of the pool, the snapshot limit of the image (EDQUOT). */
public class QuotaExceededException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public QuotaExceededException(RbdFailure failure) {
    super(failure);
  }
}
