package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.NativeSymbols;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What an older librbd lacks. {@code bin/matrix} finds the names in the output of the tests. */
final class Unsupported {
  private Unsupported() {}

  /** The loaded librbd lacks a function, and a call that needs it says so. */
  static void assertUnsupported(String function, ThrowingCallable call) {
    assertThat(NativeSymbols.has(function)).as(function).isFalse();
    assertThatThrownBy(call)
        .isExactlyInstanceOf(UnsupportedOperationException.class)
        .hasMessage(
            function
                + " needs librbd of Ceph "
                + NativeSymbols.SINCE.get(function)
                + " or newer; "
                + Rbd.version()
                + " is loaded");
    IO.println("rbd4j-unsupported: " + function);
  }
}
