package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.RbdException;
import io.github.rbd4j.RbdIoException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may use a native pointer, until when, and who frees it; with destroyers that are fakes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NativeHandleTest {
  private static final MemorySegment POINTER = MemorySegment.ofAddress(0x1000);

  private final List<String> destroyed = new CopyOnWriteArrayList<>();

  private static NativeHandle handle(
      @Nullable NativeHandle parent, String name, NativeHandle.Destroyer destroyer) {
    return new NativeHandle(parent, Subject.IMAGE, name, POINTER, destroyer);
  }

  private NativeHandle recorded(@Nullable NativeHandle parent, String name) {
    return handle(
        parent,
        name,
        _ -> {
          destroyed.add(name);
          return 0;
        });
  }

  private static void join(Thread thread) throws InterruptedException {
    assertThat(thread.join(java.time.Duration.ofSeconds(30))).as("%s ends", thread).isTrue();
  }

  /** Waits until a thread waits for something. */
  private static void awaitWaiting(Thread thread) throws InterruptedException {
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(thread.isAlive()).as("%s waits", thread).isTrue();
      Thread.sleep(1);
    }
  }

  /** Many callers and two closers start together; what they saw is checked after each round. */
  @Test
  void theNativeObjectIsDestroyedOnceAfterTheLastCall() throws InterruptedException {
    for (int round = 0; round < 400; round++) {
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger destroys = new AtomicInteger();
      AtomicInteger refused = new AtomicInteger();
      List<String> wrong = new CopyOnWriteArrayList<>();
      NativeHandle handle =
          handle(
              null,
              "rbd/raced",
              _ -> {
                destroys.incrementAndGet();
                if (inside.get() != 0) {
                  wrong.add("destroyed with a call inside");
                }
                return 0;
              });
      CountDownLatch start = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      awaitQuietly(start);
                      try {
                        while (true) {
                          handle.acquire();
                          inside.incrementAndGet();
                          if (destroys.get() != 0) {
                            wrong.add("a call got in after the destroy");
                          }
                          Thread.onSpinWait();
                          inside.decrementAndGet();
                          handle.release();
                        }
                      } catch (IllegalStateException e) {
                        refused.incrementAndGet();
                      }
                    }));
      }
      long delay = new Random(round).nextLong(200_000);
      for (int i = 0; i < 2; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      awaitQuietly(start);
                      for (long end = System.nanoTime() + delay; System.nanoTime() < end; ) {
                        Thread.onSpinWait();
                      }
                      handle.close();
                      if (destroys.get() != 1) {
                        wrong.add("close returned before the destroy");
                      }
                    }));
      }
      start.countDown();
      for (Thread thread : threads) {
        join(thread);
      }
      assertThat(wrong).isEmpty();
      assertThat(destroys).hasValue(1);
      assertThat(refused).hasValue(6);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aLaterCallNamesTheObject() {
    NativeHandle handle = recorded(null, "rbd/vm-1@monday");
    assertThat(handle.isClosed()).isFalse();
    handle.close();
    assertThat(handle.isClosed()).isTrue();
    assertThat(handle).hasToString("image rbd/vm-1@monday (closed)");
    assertThatThrownBy(handle::acquire)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("image rbd/vm-1@monday is closed");
    assertThatThrownBy(handle::acquireForSubmission).isInstanceOf(IllegalStateException.class);
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(() -> handle.call(handle.operation("resize"), _ -> calls.incrementAndGet()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () ->
                handle.callWithUpcall(
                    handle.operation("resize"), new Object(), (_, _, _) -> calls.incrementAndGet()))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> handle.use((_, _) -> calls.incrementAndGet()))
        .isInstanceOf(IllegalStateException.class);
    assertThat(calls).hasValue(0);
    assertThat(Upcalls.registered()).isZero();
  }

  @Test
  void closingTwiceDestroysOnce() {
    NativeHandle handle = recorded(null, "a");
    handle.close();
    handle.close();
    assertThat(destroyed).containsExactly("a");
  }

  @Test
  void closeLetsNobodyInAndWaitsForWhoIsInside() throws InterruptedException {
    NativeHandle handle = recorded(null, "a");
    assertThat(handle.acquire()).isEqualTo(POINTER);
    handle.acquireForSubmission();
    Thread closer = Thread.ofPlatform().start(handle::close);
    awaitWaiting(closer);
    assertThatThrownBy(handle::acquire).isInstanceOf(IllegalStateException.class);
    handle.release();
    awaitWaiting(closer);
    assertThat(destroyed).isEmpty();
    handle.release();
    join(closer);
    assertThat(destroyed).containsExactly("a");
  }

  @Test
  void anInterruptDoesNotCutTheWaitShort() throws InterruptedException {
    NativeHandle handle = recorded(null, "a");
    handle.acquire();
    AtomicInteger interrupted = new AtomicInteger();
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  handle.close();
                  interrupted.set(Thread.interrupted() ? 1 : 2);
                });
    awaitWaiting(closer);
    closer.interrupt();
    assertThat(closer.join(java.time.Duration.ofMillis(50))).isFalse();
    assertThat(destroyed).isEmpty();
    handle.release();
    join(closer);
    assertThat(destroyed).containsExactly("a");
    assertThat(interrupted).as("the interrupt is kept for the caller").hasValue(1);
  }

  @Test
  void aSecondCloseWaitsForTheFirst() throws InterruptedException {
    CountDownLatch destroying = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    NativeHandle handle =
        handle(
            null,
            "a",
            _ -> {
              destroying.countDown();
              awaitQuietly(goOn);
              destroyed.add("a");
              return 0;
            });
    Thread first = Thread.ofPlatform().start(handle::close);
    assertThat(destroying.await(30, TimeUnit.SECONDS)).isTrue();
    Thread second =
        Thread.ofPlatform()
            .start(
                () -> {
                  handle.close();
                  destroyed.add("second close is back");
                });
    awaitWaiting(second);
    goOn.countDown();
    join(first);
    join(second);
    assertThat(destroyed).containsExactly("a", "second close is back");
  }

  @Test
  void aParentClosesItsChildrenYoungestFirst() {
    NativeHandle cluster = recorded(null, "cluster");
    NativeHandle pool1 = recorded(cluster, "pool1");
    NativeHandle pool2 = recorded(cluster, "pool2");
    NativeHandle image1 = recorded(pool1, "image1");
    NativeHandle image2 = recorded(pool1, "image2");
    NativeHandle closedBefore = recorded(pool2, "closed before");
    closedBefore.close();
    cluster.close();
    assertThat(destroyed)
        .containsExactly("closed before", "pool2", "image2", "image1", "pool1", "cluster");
    for (NativeHandle each : List.of(cluster, pool1, pool2, image1, image2)) {
      assertThat(each.isClosed()).isTrue();
    }
  }

  @Test
  void aParentKeepsNothingOfAClosedChild() {
    NativeHandle parent = recorded(null, "parent");
    for (int i = 0; i < 1000; i++) {
      handle(parent, "child", _ -> 0).close();
    }
    AtomicInteger closes = new AtomicInteger();
    NativeHandle child = handle(parent, "child", _ -> closes.incrementAndGet());
    child.close();
    parent.close();
    assertThat(closes).hasValue(1);
  }

  @Test
  void childrenThatCloseThemselvesRaceWithTheirParent() throws InterruptedException {
    for (int round = 0; round < 300; round++) {
      destroyed.clear();
      NativeHandle parent = recorded(null, "parent");
      List<Thread> threads = new ArrayList<>();
      CountDownLatch start = new CountDownLatch(1);
      for (int i = 0; i < 4; i++) {
        NativeHandle child = recorded(parent, "child" + i);
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      awaitQuietly(start);
                      child.close();
                    }));
      }
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    awaitQuietly(start);
                    parent.close();
                  }));
      start.countDown();
      for (Thread thread : threads) {
        join(thread);
      }
      assertThat(destroyed)
          .containsExactlyInAnyOrder("child0", "child1", "child2", "child3", "parent")
          .endsWith("parent");
    }
  }

  @Test
  void aFailingCloseIsReportedOnceAndTheObjectIsClosed() {
    NativeHandle handle = handle(null, "rbd/vm-1", _ -> Errno.EIO.result());
    assertThatThrownBy(handle::close)
        .isInstanceOf(RbdIoException.class)
        .hasMessageContaining("close")
        .hasMessageContaining("image rbd/vm-1")
        .hasMessageContaining("EIO");
    assertThat(handle.isClosed()).isTrue();
    handle.close();
  }

  @Test
  void aFailingChildDoesNotKeepItsParentOpen() {
    NativeHandle parent =
        handle(
            null,
            "parent",
            _ -> {
              destroyed.add("parent");
              return Errno.ETIMEDOUT.result();
            });
    handle(parent, "first", _ -> Errno.EIO.result());
    recorded(parent, "second");
    handle(parent, "third", _ -> Errno.EROFS.result());
    assertThatThrownBy(parent::close)
        .isInstanceOf(RbdException.class)
        .hasMessageContaining("third")
        .satisfies(
            e ->
                assertThat(e.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .satisfiesExactly(
                        one -> assertThat(one).contains("first"),
                        two -> assertThat(two).contains("parent")));
    assertThat(destroyed).containsExactly("second", "parent");
  }

  /** Whatever goes wrong in a close, a second close must not wait for ever. */
  @Test
  void aDestroyerThatThrowsEndsTheCloseAllTheSame() {
    NativeHandle parent = recorded(null, "parent");
    NativeHandle child =
        handle(
            parent,
            "child",
            _ -> {
              throw new UnsatisfiedLinkError("gone");
            });
    child.afterClose(() -> destroyed.add("after child"));
    recorded(parent, "sibling that is younger");
    NativeHandle elder = recorded(child, "grandchild");
    assertThatThrownBy(parent::close).hasStackTraceContaining("gone");
    child.close();
    elder.close();
    parent.close();
    assertThat(destroyed)
        .containsExactly("sibling that is younger", "grandchild", "after child", "parent");
  }

  @Test
  void whatIsToBeDoneAfterACloseIsDoneOnceAndAllOfIt() {
    NativeHandle handle = recorded(null, "a");
    handle.afterClose(() -> destroyed.add("after 1"));
    handle.afterClose(
        () -> {
          throw new IllegalArgumentException("careless");
        });
    handle.afterClose(() -> destroyed.add("after 2"));
    assertThatThrownBy(handle::close).hasMessage("careless");
    handle.close();
    assertThat(destroyed).containsExactly("a", "after 1", "after 2");
  }

  @Test
  void aCallThatThrowsLetsTheHandleGo() {
    NativeHandle handle = recorded(null, "a");
    assertThatThrownBy(
            () ->
                handle.call(
                    handle.operation("read"),
                    _ -> {
                      throw new OutOfMemoryError("pretended");
                    }))
        .isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(
            () -> handle.callInArena(handle.operation("read"), (_, _) -> Errno.EIO.result()))
        .isInstanceOf(RbdIoException.class);
    assertThatThrownBy(
            () -> handle.callForLong(handle.operation("read"), (_, _, _) -> Errno.ENOENT.result()))
        .isInstanceOf(RbdException.class);
    handle.close();
    assertThat(destroyed).containsExactly("a");
  }
}
