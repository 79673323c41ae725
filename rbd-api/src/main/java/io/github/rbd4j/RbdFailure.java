package io.github.rbd4j;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the native library reported: the content of every {@link RbdException}.
 *
 * @param operation the operation that failed, for instance {@code resize}
 * @param object what it was done to, for instance {@code image rbd/vm-1@monday}
 * @param errno the positive errno, or 0 when the failure has none
 * @param detail what the cluster added in words, or null
 */
public record RbdFailure(String operation, String object, int errno, @Nullable String detail) {
  /** Checks that operation and object are there. */
  public RbdFailure {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(object, "object");
  }
}
