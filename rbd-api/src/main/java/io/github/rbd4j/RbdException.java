package io.github.rbd4j;

import io.github.rbd4j.internal.Errno;
import org.jspecify.annotations.Nullable;

/**
 * The native library reported a failure. The subclasses tell the kinds apart that a caller may want
 * to handle; {@link #errno()} is always the exact reason.
 *
 * <p>Misuse never ends here: null is a {@link NullPointerException}, an impossible value an {@link
 * IllegalArgumentException}, a closed object an {@link IllegalStateException}, and a function that
 * the loaded library lacks an {@link UnsupportedOperationException}.
 */
public class RbdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The verb. */
  private final String operation;

  /** What it was done to. */
  private final String object;

  /** The positive errno, or 0. */
  private final int errno;

  /**
   * Makes the exception.
   *
   * @param failure what was reported
   */
  public RbdException(RbdFailure failure) {
    super(message(failure));
    this.operation = failure.operation();
    this.object = failure.object();
    this.errno = failure.errno();
  }

  private static String message(RbdFailure failure) {
    StringBuilder text = new StringBuilder(failure.operation());
    text.append(' ').append(failure.object());
    if (failure.errno() != 0) {
      text.append(": ").append(Errno.meaningOf(failure.errno()));
      text.append(" (").append(Errno.nameOf(failure.errno()));
      text.append(", errno ").append(failure.errno()).append(')');
    }
    @Nullable String detail = failure.detail();
    if (detail != null && !detail.isEmpty()) {
      text.append(": ").append(detail);
    }
    return text.toString();
  }

  /**
   * The operation that failed.
   *
   * @return the verb, for instance {@code resize}
   */
  public String operation() {
    return operation;
  }

  /**
   * What the operation was done to.
   *
   * @return the object with its full name, for instance {@code image rbd/vm-1@monday}
   */
  public String object() {
    return object;
  }

  /**
   * The exact reason.
   *
   * @return the positive errno, or 0 when the failure has none
   */
  public int errno() {
    return errno;
  }

  /**
   * The symbolic name of the reason.
   *
   * @return for instance {@code ENOENT}; {@code E} and the number for a value without a name
   */
  public String errnoName() {
    return Errno.nameOf(errno);
  }
}
