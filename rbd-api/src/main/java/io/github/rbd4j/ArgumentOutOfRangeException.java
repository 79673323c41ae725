package io.github.rbd4j;

/** A value lies outside what the native library accepts (EDOM, ERANGE, E2BIG, ENAMETOOLONG). */
public class ArgumentOutOfRangeException extends RbdException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public ArgumentOutOfRangeException(RbdFailure failure) {
    super(failure);
  }
}
