package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.RbdIoException;
import io.github.rbd4j.bindings.librbd_progress_fn_t;
import io.github.rbd4j.bindings.rbd_diff_iterate2$cb;
import io.github.rbd4j.bindings.rbd_update_callback_t;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What happens between the native library and a listener. The native library is played by these
 * tests: they call the stubs through downcalls, as C code would.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UpcallsTest {
  private static final int CANCELED = -125;

  private final NativeHandle handle =
      new NativeHandle(null, Subject.IMAGE, "rbd/vm-1", MemorySegment.ofAddress(0x1000), _ -> 0);
  private final Operation operation = handle.operation("resize");

  @AfterEach
  void nothingIsLeft() {
    assertThat(Upcalls.registered()).isZero();
    handle.close(); // waits for ever if a call was not let out
  }

  private static int fire(MemorySegment argument, long done, long total) {
    return librbd_progress_fn_t.invoke(Upcalls.progressStub(), done, total, argument);
  }

  private static int fireDiff(MemorySegment argument, long offset, long length, int exists) {
    return rbd_diff_iterate2$cb.invoke(Upcalls.diffStub(), offset, length, exists, argument);
  }

  private long resize(ProgressListener listener, NativeHandle.UpcallCall call) {
    return handle.callWithUpcall(operation, listener, call);
  }

  @Test
  void aListenerHearsWhatTheLibrarySays() {
    List<Long> heard = new ArrayList<>();
    long result =
        resize(
            (done, total) -> {
              heard.add(done);
              heard.add(total);
            },
            (_, _, argument) -> {
              assertThat(Upcalls.registered()).isEqualTo(1);
              assertThat(fire(argument, 0, 10)).isZero();
              assertThat(fire(argument, 10, Long.MAX_VALUE)).isZero();
              return 7;
            });
    assertThat(result).isEqualTo(7);
    assertThat(heard).containsExactly(0L, 10L, 10L, Long.MAX_VALUE);
  }

  /** Throws it out of a listener, and sees it come out of the call after one call of it. */
  private void assertComesOut(Throwable thrown, long nativeResult) {
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(
            () ->
                resize(
                    (_, _) -> {
                      calls.incrementAndGet();
                      throw UpcallsTest.<RuntimeException>sneaky(thrown);
                    },
                    (_, _, argument) -> {
                      for (int i = 0; i < 3; i++) {
                        assertThat(fire(argument, i, 3)).isEqualTo(CANCELED);
                      }
                      return nativeResult;
                    }))
        .isSameAs(thrown);
    assertThat(calls).hasValue(1);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void whatAListenerThrowsComesOutOfTheCall() {
    for (long result : new long[] {0, CANCELED, Errno.EIO.result()}) {
      assertComesOut(new IllegalArgumentException("x"), result);
      assertComesOut(new CancellationException(), result);
      assertComesOut(new AssertionError("x"), result);
      assertComesOut(new OutOfMemoryError("pretended"), result);
      assertComesOut(new IOException("a checked one"), result);
      assertComesOut(new Throwable("a bare one"), result);
    }
  }

  private static int recurse(int depth) {
    return depth < 0 ? 0 : recurse(depth + 1) + 1;
  }

  @Test
  void aStackOverflowInAListenerComesOutOfTheCall() {
    assertThatThrownBy(() -> resize((_, _) -> recurse(0), (_, _, argument) -> fire(argument, 1, 2)))
        .isInstanceOf(StackOverflowError.class);
    assertThat(handle.acquire()).isNotNull(); // this thread is not taken for one in a callback
    handle.release();
  }

  @Test
  void anErrorOfTheCallComesOutWhenTheListenerIsContent() {
    assertThatThrownBy(
            () ->
                resize(
                    (_, _) -> {},
                    (_, _, argument) -> fire(argument, 1, 2) + (long) Errno.EIO.result()))
        .isInstanceOf(RbdIoException.class);
  }

  @Test
  void anErrorOfTheCallIsNotLostWhenTheListenerThrows() {
    IllegalArgumentException thrown = new IllegalArgumentException("x");
    ProgressListener listener =
        (_, _) -> {
          throw thrown;
        };
    assertThatThrownBy(
            () ->
                resize(
                    listener,
                    (_, _, argument) -> {
                      fire(argument, 1, 2);
                      return Errno.EIO.result();
                    }))
        .isSameAs(thrown)
        .satisfies(
            e -> assertThat(e.getSuppressed()).hasExactlyElementsOfTypes(RbdIoException.class));
    IllegalArgumentException stopping = new IllegalArgumentException("y");
    assertThatThrownBy(
            () ->
                resize(
                    (_, _) -> {
                      throw stopping;
                    },
                    (_, _, argument) -> fire(argument, 1, 2)))
        .isSameAs(stopping)
        .hasNoSuppressedExceptions();
  }

  /** It comes on a thread of librbd, and that is where an executor may run the listener. */
  @Test
  void aBlockingCallFromANotificationIsRefused() {
    List<Throwable> refused = new ArrayList<>();
    Runnable listener =
        () -> {
          try {
            handle.acquire();
          } catch (IllegalStateException e) {
            refused.add(e);
          }
          throw new IllegalStateException("and this comes out nowhere");
        };
    try (Upcalls.Registration registration = Upcalls.register(listener)) {
      rbd_update_callback_t.invoke(Upcalls.updateStub(), registration.argument());
      handle.acquire(); // on this thread, but not inside the callback any more
      handle.release();
    }
    assertThat(refused).hasSize(1).first().asString().contains("inside a callback");
  }

  @Test
  void aNotificationInsideACallbackStaysInside() {
    try (Upcalls.Registration inner = Upcalls.register((Runnable) () -> {})) {
      resize(
          (_, _) -> {
            rbd_update_callback_t.invoke(Upcalls.updateStub(), inner.argument());
            assertThatThrownBy(handle::acquire).isInstanceOf(IllegalStateException.class);
          },
          (_, _, argument) -> fire(argument, 1, 2));
    }
  }

  @Test
  void aVisitorHearsExtentsAndStopsWithoutAnError() {
    List<String> heard = new ArrayList<>();
    DiffVisitor visitor =
        (offset, length, exists) -> {
          heard.add(offset + "+" + length + (exists ? " data" : " hole"));
          return heard.size() < 2;
        };
    long result =
        handle.callWithUpcall(
            operation,
            visitor,
            (_, _, argument) -> {
              assertThat(fireDiff(argument, 0, 512, 1)).isZero();
              assertThat(fireDiff(argument, 1L << 40, 1L << 33, 0)).isEqualTo(CANCELED);
              assertThat(fireDiff(argument, 5, 5, 1)).isEqualTo(CANCELED);
              return CANCELED;
            });
    assertThat(result).isZero();
    assertThat(heard).containsExactly("0+512 data", "1099511627776+8589934592 hole");
  }

  @Test
  void anotherErrorThanTheRequestedStopIsReported() {
    DiffVisitor visitor = (_, _, _) -> false;
    assertThatThrownBy(
            () ->
                handle.callWithUpcall(
                    operation,
                    visitor,
                    (_, _, argument) -> {
                      fireDiff(argument, 0, 512, 1);
                      return Errno.EIO.result();
                    }))
        .isInstanceOf(RbdIoException.class);
  }

  @Test
  void aStrayCallbackReachesNobody() {
    MemorySegment[] kept = {MemorySegment.NULL};
    AtomicInteger calls = new AtomicInteger();
    resize(
        (_, _) -> calls.incrementAndGet(),
        (_, _, argument) -> {
          kept[0] = argument;
          return 0;
        });
    assertThat(fire(kept[0], 1, 2)).isEqualTo(CANCELED);
    assertThat(fireDiff(kept[0], 1, 2, 1)).isEqualTo(CANCELED);
    assertThat(fire(MemorySegment.NULL, 1, 2)).isEqualTo(CANCELED);
    assertThat(fire(MemorySegment.ofAddress(-1), 1, 2)).isEqualTo(CANCELED);
    assertThat(calls).hasValue(0);
  }

  @Test
  void aListenerOfTheWrongKindIsAnErrorAndNoCrash() {
    assertThatThrownBy(
            () ->
                handle.callWithUpcall(
                    operation, "no listener", (_, _, argument) -> fire(argument, 1, 2)))
        .isInstanceOf(ClassCastException.class);
  }

  @Test
  void aBlockingCallFromACallbackIsRefused() {
    NativeHandle other =
        new NativeHandle(null, Subject.POOL, "rbd", MemorySegment.ofAddress(0x2000), _ -> 0);
    List<Throwable> refused = new ArrayList<>();
    resize(
        (_, _) -> {
          for (Runnable call :
              List.<Runnable>of(
                  handle::acquire,
                  handle::close,
                  other::acquire,
                  other::close,
                  () -> other.use((_, _) -> 0),
                  () -> resize(ProgressListener.NONE, (_, _, _) -> 0))) {
            try {
              call.run();
            } catch (IllegalStateException e) {
              refused.add(e);
            }
          }
          assertThat(handle.isClosed()).isFalse();
          handle.acquireForSubmission(); // what does not block is allowed
          handle.release();
        },
        (_, _, argument) -> fire(argument, 1, 2));
    assertThat(refused)
        .hasSize(6)
        .allSatisfy(e -> assertThat(e).hasMessageContaining("callback"))
        .anySatisfy(e -> assertThat(e).hasMessageContaining("image rbd/vm-1"))
        .anySatisfy(e -> assertThat(e).hasMessageContaining("pool rbd"));
    other.close();
  }

  @Test
  void anUncaughtRefusalComesOutOfTheCall() {
    assertThatThrownBy(
            () -> resize((_, _) -> handle.close(), (_, _, argument) -> fire(argument, 1, 2)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("callback");
    assertThat(handle.isClosed()).isFalse();
  }

  @Test
  void callsOfOtherThreadsAndAfterACallbackAreNotRefused() {
    resize(
        (_, _) -> {
          Thread other =
              Thread.ofPlatform()
                  .start(
                      () -> {
                        handle.acquire();
                        handle.release();
                      });
          try {
            assertThat(other.join(Duration.ofSeconds(30))).isTrue();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        },
        (_, _, argument) -> {
          int result = fire(argument, 1, 2);
          handle.acquire(); // on this thread, but not inside the callback any more
          handle.release();
          return result;
        });
  }

  @Test
  void aCallbackInsideACallbackStaysInside() {
    try (Upcalls.Registration inner = Upcalls.register((ProgressListener) (_, _) -> {})) {
      resize(
          (_, _) -> {
            assertThat(fire(inner.argument(), 1, 2)).isZero();
            assertThatThrownBy(handle::acquire).isInstanceOf(IllegalStateException.class);
          },
          (_, _, argument) -> fire(argument, 1, 2));
    }
  }

  @Test
  void callbacksOfManyOperationsAtOnceReachTheirOwnListeners() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    AtomicInteger wrong = new AtomicInteger();
    for (int t = 0; t < 6; t++) {
      long mark = t;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 2000; i++) {
                      AtomicInteger heard = new AtomicInteger();
                      resize(
                          (_, total) -> {
                            if (total != mark) {
                              wrong.incrementAndGet();
                            }
                            heard.incrementAndGet();
                          },
                          (_, _, argument) -> fire(argument, 1, mark) + fire(argument, 2, mark));
                      if (heard.get() != 2) {
                        wrong.incrementAndGet();
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(50))).isTrue();
    }
    assertThat(wrong).hasValue(0);
  }
}
