package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.RbdException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What several test classes check in the same way. */
final class Checks {
  private Checks() {}

  /** A call fails with exactly this exception, which says what was done to what, and why. */
  static void fails(
      Class<? extends RbdException> type,
      String errnoName,
      int errno,
      String operation,
      String object,
      ThrowingCallable call) {
    Throwable thrown = catchThrowable(call);
    assertThat(thrown).as(operation + " " + object).isExactlyInstanceOf(type);
    RbdException e = (RbdException) thrown;
    assertThat(e.errno()).isEqualTo(errno);
    assertThat(e.errnoName()).isEqualTo(errnoName);
    assertThat(e.operation()).isEqualTo(operation);
    assertThat(e.object()).isEqualTo(object);
    assertThat(e)
        .hasMessageStartingWith(operation + " " + object + ": ")
        .hasMessageContaining(errnoName)
        .hasMessageContaining("errno " + errno);
  }

  /** Waits until a condition holds. */
  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited 30 seconds in vain for: " + what);
      }
      LockSupport.parkNanos(50_000_000);
    }
  }

  static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Throws anything where the compiler expects an unchecked exception. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <T extends Throwable> T sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  /** A listener that keeps what it was told. */
  static final class Progress implements ProgressListener {
    private int calls;
    private long done;
    private long total;
    private boolean backwards;

    @Override
    public synchronized void onProgress(long newDone, long newTotal) {
      backwards |= newDone < done;
      calls++;
      done = newDone;
      total = newTotal;
    }

    /** It was told of progress, which never went back nor beyond the total. */
    synchronized void assertPlausible() {
      assertThat(calls).isPositive();
      assertThat(total).isPositive();
      assertThat(done).isBetween(0L, total);
      assertThat(backwards).isFalse();
    }
  }
}
