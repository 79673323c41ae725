package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners do must not kill the JVM or hang it, whatever they do. */
@CephTest
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UpcallIT {
  private static final long MIB = 1 << 20;
  private static final long OBJECT = 4 * MIB;
  private static final int OBJECTS = 40;
  private static final long SIZE = OBJECTS * OBJECT;

  private final Cluster cluster;
  private final IoContext io;
  private final Rbd rbd;
  private final String name = Names.unique("upcall");
  private Image image;

  UpcallIT(Cluster cluster, IoContext io, Rbd rbd) {
    this.cluster = cluster;
    this.io = io;
    this.rbd = rbd;
  }

  @BeforeEach
  void openWithDataInEachObject() {
    rbd.create(name, SIZE);
    image = rbd.open(name);
    for (int i = 0; i < OBJECTS; i++) {
      image.writeAt(i * OBJECT, new byte[] {1, 2, 3});
    }
    image.flush();
  }

  @AfterEach
  void removeAndSeeThatNothingIsLeft() {
    assertThat(Upcalls.registered()).isZero();
    image.close();
    try {
      rbd.remove(name);
    } catch (ImageNotFoundException e) {
      // the test removed it
    }
  }

  /** Everything that calls back, and how to give it a listener. */
  private enum Operation {
    SHRINK,
    DIFF,
    REMOVE
  }

  private void run(Operation operation, Runnable listener) {
    ProgressListener progress = (_, _) -> listener.run();
    DiffVisitor visitor =
        (_, _, _) -> {
          listener.run();
          return true;
        };
    switch (operation) {
      case SHRINK -> image.resize(4 * MIB, true, progress);
      case REMOVE -> {
        image.close();
        rbd.remove(name, progress);
      }
      case DIFF -> image.diffIterate(DiffOptions.sinceBeginning(), visitor);
    }
  }

  private void assertComesOut(Operation operation, Throwable thrown) {
    AtomicInteger calls = new AtomicInteger();
    assertThatThrownBy(
            () ->
                run(
                    operation,
                    () -> {
                      calls.incrementAndGet();
                      throw UpcallIT.<RuntimeException>sneaky(thrown);
                    }))
        .isSameAs(thrown);
    assertThat(calls).as("the listener is not called again").hasValue(1);
    assertThat(Upcalls.registered()).isZero();
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void whatAListenerThrowsComesOutOfAShrink() {
    long before = image.size();
    assertComesOut(Operation.SHRINK, new CancellationException("enough"));
    assertThat(image.size()).as("a shrink that was canceled").isLessThanOrEqualTo(before);
    image.resize(before, true);
    assertComesOut(Operation.SHRINK, new AssertionError("an error"));
    image.resize(before, true);
    assertComesOut(Operation.SHRINK, new IOException("a checked exception"));
  }

  @Test
  void whatAListenerThrowsComesOutOfADiff() {
    assertComesOut(Operation.DIFF, new IllegalArgumentException("x"));
    assertComesOut(Operation.DIFF, new OutOfMemoryError("pretended"));
    assertComesOut(Operation.DIFF, new IOException("a checked exception"));
    assertThat(image.diff(DiffOptions.sinceBeginning())).isNotEmpty();
  }

  @Test
  void whatAListenerThrowsComesOutOfARemoveWhichCanBeDoneAgain() {
    assertComesOut(Operation.REMOVE, new CancellationException("enough"));
    rbd.remove(name);
    assertThat(rbd.list()).noneMatch(spec -> spec.name().equals(name));
  }

  private static int recurse(int depth) {
    return depth < 0 ? 0 : recurse(depth + 1) + 1;
  }

  /** On whatever thread of the native library the listener runs, whatever the size of its stack. */
  @Test
  void aStackOverflowInAListenerComesOut() {
    for (Operation operation : List.of(Operation.DIFF, Operation.SHRINK, Operation.REMOVE)) {
      assertThatThrownBy(() -> run(operation, () -> recurse(0)))
          .as(operation.name())
          .isInstanceOf(StackOverflowError.class);
    }
    rbd.remove(name);
  }

  @Test
  void blockingCallsFromAListenerAreRefusedInsteadOfHanging() {
    Image other = rbd.open(name);
    for (Operation operation : Operation.values()) {
      Map<String, Throwable> refused = Collections.synchronizedMap(new TreeMap<>());
      Map<String, Runnable> calls = new TreeMap<>();
      calls.put("read", () -> image.readAt(0, new byte[1]));
      calls.put("write", () -> image.writeAt(0, new byte[1]));
      calls.put("flush", image::flush);
      calls.put("size", image::size);
      calls.put("snapshots", image::snapshots);
      calls.put("create a snapshot", () -> image.createSnapshot("inside"));
      calls.put("diff", () -> image.diff(DiffOptions.sinceBeginning()));
      calls.put("resize", () -> image.resize(MIB, true));
      calls.put("close", image::close);
      calls.put("read another", () -> other.readAt(0, new byte[1]));
      calls.put("close another", other::close);
      calls.put("list", rbd::list);
      calls.put("open", () -> rbd.open(name));
      calls.put("close the pool", io::close);
      calls.put("ask the cluster", cluster::fsid);
      calls.put("close the cluster", cluster::close);
      if (operation == Operation.REMOVE) {
        other.close();
      }
      AtomicInteger heard = new AtomicInteger();
      run(
          operation,
          () -> {
            if (heard.getAndIncrement() == 0) {
              calls.forEach(
                  (what, call) -> {
                    try {
                      call.run();
                    } catch (IllegalStateException e) {
                      refused.put(what, e);
                    }
                  });
            }
          });
      assertThat(refused.keySet()).as(operation.name()).isEqualTo(calls.keySet());
      assertThat(refused)
          .allSatisfy(
              (what, e) -> assertThat(e).hasMessageContaining("from inside a callback of librbd"));
      if (operation == Operation.SHRINK) {
        image.resize(SIZE, true);
      }
    }
    assertThat(io.isClosed()).isFalse();
    assertThat(cluster.isClosed()).isFalse();
  }

  @Test
  void aRefusalThatNobodyCatchesComesOut() {
    assertThatThrownBy(() -> run(Operation.DIFF, image::close))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("from inside a callback of librbd");
    assertThat(image.isClosed()).isFalse();
    assertThat(image.readAt(0, new byte[3])).isEqualTo(3);
  }

  /** Handing the work to another thread is what the message advises. */
  @Test
  void anotherThreadMayUseTheImageMeanwhile() {
    List<Integer> read = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger first = new AtomicInteger();
    List<Thread> helpers = Collections.synchronizedList(new ArrayList<>());
    run(
        Operation.DIFF,
        () -> {
          if (first.getAndIncrement() == 0) {
            helpers.add(Thread.ofPlatform().start(() -> read.add(image.readAt(0, new byte[3]))));
          }
        });
    helpers.forEach(UpcallIT::join);
    assertThat(read).containsExactly(3);
  }

  private static void join(Thread thread) {
    try {
      assertThat(thread.join(java.time.Duration.ofSeconds(30))).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aCanceledShrinkStopsEarly() throws InterruptedException {
    long before = image.size();
    List<Long> heard = Collections.synchronizedList(new ArrayList<>());
    assertThatThrownBy(
            () ->
                image.resize(
                    0,
                    true,
                    (done, _) -> {
                      heard.add(done);
                      throw new CancellationException();
                    }))
        .isInstanceOf(CancellationException.class);
    assertThat(heard).hasSize(1);
    // librbd gives the image its new size last: one that was canceled still has the old one. But
    // while a shrink goes on its target counts, and librbd forgets that a moment after the call
    // (in 16 of 120 runs the first look was too early).
    long end = System.nanoTime() + 10_000_000_000L;
    while (image.size() != before && System.nanoTime() < end) {
      Thread.sleep(1);
    }
    assertThat(image.size()).isEqualTo(before);
    // It removes some ten objects at a time; those that were not begun are still there.
    assertThat(image.diff(DiffOptions.sinceBeginning())).hasSizeBetween(OBJECTS / 4, OBJECTS - 1);
    image.resize(0, true);
    assertThat(image.size()).isZero();
  }

  @Test
  void progressIsToldInOrderAndToTheEnd() {
    List<Long> heard = Collections.synchronizedList(new ArrayList<>());
    image.resize(
        4 * MIB,
        true,
        (done, total) -> {
          assertThat(done).isBetween(0L, total);
          heard.add(done);
        });
    assertThat(heard).isNotEmpty().isSorted();
    assertThat(image.size()).isEqualTo(4 * MIB);
  }

  @Test
  void aVisitorThatHasSeenEnoughEndsTheDiffWithoutAnError() {
    AtomicInteger calls = new AtomicInteger();
    image.diffIterate(DiffOptions.sinceBeginning(), (_, _, _) -> calls.incrementAndGet() < 3);
    assertThat(calls).hasValue(3);
    assertThat(image.diff(DiffOptions.sinceBeginning())).hasSize(OBJECTS);
  }

  /** Every thread of the native library that called back was attached; none may pile up. */
  @Test
  void operationsAtTheSameTimeKeepTheirListenersApart() {
    List<Thread> threads = new ArrayList<>();
    List<Integer> counts = Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < 6; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 10; i++) {
                      counts.add(image.diff(DiffOptions.sinceBeginning()).size());
                    }
                  }));
    }
    threads.forEach(UpcallIT::join);
    assertThat(counts).hasSize(60).containsOnly(OBJECTS);
  }
}
