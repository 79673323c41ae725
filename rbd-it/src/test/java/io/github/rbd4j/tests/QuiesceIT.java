package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever uses an image can prepare for each snapshot, refuse it, and go on afterwards. */
@CephTest
class QuiesceIT {
  private static final long MIB = 1 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("quiesce");
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private Image image;
  private Image other;

  QuiesceIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, MIB);
    image = rbd.open(name);
    other = rbd.open(name);
    image.writeAt(0, new byte[512]); // takes the lock, as whoever uses an image does
  }

  @AfterEach
  void remove() {
    image.close();
    for (SnapshotInfo info : other.snapshots()) {
      other.snapshot(info.name()).remove();
    }
    other.close();
    rbd.remove(name);
  }

  private interface Work {
    void run() throws Exception;
  }

  /** A listener that notes its calls and does some work when it shall quiesce. */
  private QuiesceListener listener(Work work) {
    return new QuiesceListener() {
      @Override
      public void quiesce() throws Exception {
        calls.add("quiesce");
        work.run();
        calls.add("quiesced");
      }

      @Override
      public void unquiesce() {
        calls.add("unquiesce");
      }
    };
  }

  private void awaitUnquiesce() {
    Await.until("writing may go on", () -> calls.contains("unquiesce"));
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aSnapshotByAnotherProgramIsPreparedFor() {
    try (QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT)) {
      ceph.rbd("snap", "create", "rbd/" + name + "@s");
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
    assertThat(image.snapshot("s").exists()).isTrue();
  }

  @Test
  void aSnapshotByAnotherHandleIsPreparedForEachTime() {
    try (QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT)) {
      for (int i = 1; i <= 5; i++) {
        other.createSnapshot("s" + i);
        int expected = 3 * i;
        Await.until("all is told", () -> calls.size() == expected);
      }
      assertThat(calls.subList(0, 3)).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
    other.createSnapshot("after");
    assertThat(calls).hasSize(15);
  }

  @Test
  void aSnapshotByTheSameHandleIsPreparedForToo() {
    try (QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT)) {
      image.createSnapshot("s");
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
  }

  @Test
  void whoeverOnlyReadsIsAskedToo() {
    try (Image reader = rbd.openReadOnly(name);
        QuiesceWatch watch = reader.watchQuiesce(listener(() -> {}), LIMIT)) {
      other.createSnapshot("s");
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
  }

  @Test
  void anImageThatWasRenamedMeanwhileIsPreparedFor() {
    String renamed = Names.unique("renamed");
    rbd.rename(name, renamed);
    try (QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT)) {
      ceph.rbd("snap", "create", "rbd/" + renamed + "@s");
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
    rbd.rename(renamed, name);
  }

  @Test
  void theWatchesOfAnImageHaveOneMoreHandleUntilItIsClosed() {
    int before = other.watchers().size();
    for (int i = 0; i < 3; i++) {
      image.watchQuiesce(listener(() -> {}), LIMIT).close();
    }
    assertThat(other.watchers()).hasSize(before + 1);
    image.close();
    Await.until("both handles are gone", () -> other.watchers().size() == before - 1);
  }

  @Test
  void whatTheListenerWritesIsInTheSnapshot() {
    byte[] last = Bytes.random(4096, 1);
    QuiesceListener writer =
        listener(
            () -> {
              image.writeAt(0, last);
              image.flush();
            });
    try (QuiesceWatch watch = image.watchQuiesce(writer, LIMIT)) {
      ceph.rbd("snap", "create", "rbd/" + name + "@s");
      assertThat(calls).contains("quiesced");
      awaitUnquiesce();
      assertThat(watch.isClosed()).isFalse();
    }
    image.writeZeroes(0, 4096);
    try (Image snapshot = rbd.open(name, OpenOptions.at("s"))) {
      Bytes.assertEqual(Bytes.of(snapshot, 0, 4096), last);
    }
  }

  @Test
  void whoeverFailsToPrepareHasNoSnapshot() {
    QuiesceListener failing =
        listener(
            () -> {
              throw new IOException("not now, as this test wants it");
            });
    try (QuiesceWatch watch = image.watchQuiesce(failing, LIMIT)) {
      assertThatThrownBy(() -> ceph.rbd("snap", "create", "rbd/" + name + "@s"))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> other.createSnapshot("s")).isInstanceOf(RbdException.class);
      assertThat(other.snapshots()).isEmpty();
      assertThat(calls).containsOnly("quiesce");
      other.createSnapshot(
          "s", Set.of(SnapshotCreateFlag.IGNORE_QUIESCE_ERROR), ProgressListener.NONE);
      assertThat(other.snapshot("s").exists()).isTrue();
      assertThat(calls).containsOnly("quiesce").hasSize(3);
      assertThat(watch.isClosed()).isFalse();
    }
  }

  @Test
  void aSnapshotCanBeTakenUnprepared() {
    try (QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT)) {
      other.createSnapshot("s", Set.of(SnapshotCreateFlag.SKIP_QUIESCE), ProgressListener.NONE);
      assertThat(other.snapshot("s").exists()).isTrue();
      assertThat(watch.isClosed()).isFalse();
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void whoeverTakesTooLongHasNoSnapshotAndMayFinishLate() throws Exception {
    CountDownLatch finish = new CountDownLatch(1);
    try (QuiesceWatch watch =
        image.watchQuiesce(listener(() -> await(finish)), Duration.ofMillis(500))) {
      long begin = System.nanoTime();
      assertThatThrownBy(() -> other.createSnapshot("s")).isInstanceOf(RbdException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isBetween(Duration.ofMillis(400), Duration.ofSeconds(10));
      assertThat(other.snapshots()).isEmpty();
      assertThat(calls).containsExactly("quiesce");
      finish.countDown();
      awaitUnquiesce(); // what prepared in vain must not stay so
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      calls.clear();
      other.createSnapshot("s");
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(watch.isClosed()).isFalse();
    }
  }

  @Test
  void twoListenersBothPrepare() {
    List<String> second = new CopyOnWriteArrayList<>();
    QuiesceListener alsoNoting =
        new QuiesceListener() {
          @Override
          public void quiesce() {
            second.add("quiesce");
          }

          @Override
          public void unquiesce() {
            second.add("unquiesce");
          }
        };
    try (QuiesceWatch one = image.watchQuiesce(listener(() -> {}), LIMIT);
        QuiesceWatch two = image.watchQuiesce(alsoNoting, LIMIT)) {
      other.createSnapshot("s");
      awaitUnquiesce();
      Await.until("the second is told", () -> second.contains("unquiesce"));
      assertThat(second).containsExactly("quiesce", "unquiesce");
      assertThat(one.isClosed() || two.isClosed()).isFalse();
    }
  }

  @Test
  void whoeverPreparedWhileAnotherFailedMayGoOn() {
    QuiesceListener failing =
        new QuiesceListener() {
          @Override
          public void quiesce() throws IOException {
            throw new IOException("not now, as this test wants it");
          }

          @Override
          public void unquiesce() {}
        };
    try (QuiesceWatch one = image.watchQuiesce(listener(() -> {}), LIMIT);
        QuiesceWatch two = image.watchQuiesce(failing, LIMIT)) {
      assertThatThrownBy(() -> other.createSnapshot("s")).isInstanceOf(RbdException.class);
      awaitUnquiesce();
      assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
      assertThat(one.isClosed() || two.isClosed()).isFalse();
    }
  }

  @Test
  void closingTheWatchDuringAQuiesceWaitsForIt() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    QuiesceWatch watch =
        image.watchQuiesce(
            listener(
                () -> {
                  started.countDown();
                  await(finish);
                }),
            LIMIT);
    CompletableFuture<?> snapshot = Await.inBackground(() -> other.createSnapshot("s"));
    await(started);
    CompletableFuture<?> closing = Await.inBackground(watch::close);
    Await.until("the close has begun", watch::isClosed);
    assertThat(snapshot).isNotDone();
    finish.countDown();
    closing.get(30, TimeUnit.SECONDS);
    snapshot.get(30, TimeUnit.SECONDS);
    assertThat(other.snapshot("s").exists()).isTrue();
    awaitUnquiesce(); // who was told to pause must be told to go on
    assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
  }

  @Test
  void closingTheImageDuringAQuiesceWaitsForIt() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    QuiesceWatch watch =
        image.watchQuiesce(
            listener(
                () -> {
                  started.countDown();
                  await(finish);
                }),
            LIMIT);
    CompletableFuture<?> snapshot = Await.inBackground(() -> other.createSnapshot("s"));
    await(started);
    CompletableFuture<?> closing = Await.inBackground(image::close);
    Await.until("the close has begun", image::isClosed);
    finish.countDown();
    closing.get(30, TimeUnit.SECONDS);
    snapshot.get(60, TimeUnit.SECONDS);
    assertThat(watch.isClosed()).isTrue();
    awaitUnquiesce();
    assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
  }

  @Test
  void aListenerThatClosesItsWatchDoesNotHangForEver() throws Exception {
    CompletableFuture<QuiesceWatch> watch = new CompletableFuture<>();
    watch.complete(image.watchQuiesce(listener(() -> watch.join().close()), Duration.ofSeconds(1)));
    assertThatThrownBy(() -> other.createSnapshot("s")).isInstanceOf(RbdException.class);
    awaitUnquiesce();
    assertThat(watch.join().isClosed()).isTrue();
    other.createSnapshot("s");
    assertThat(calls).containsExactly("quiesce", "quiesced", "unquiesce");
  }

  @Test
  void aWatchThatIsClosedIsNotAsked() {
    int before = Upcalls.registered();
    QuiesceWatch watch = image.watchQuiesce(listener(() -> {}), LIMIT);
    int registered = Upcalls.registered();
    watch.close();
    watch.close();
    other.createSnapshot("s");
    assertThat(calls).isEmpty();
    for (int i = 0; i < 10; i++) { // the watches of librbd are used again
      image.watchQuiesce(listener(() -> {}), LIMIT).close();
    }
    assertThat(Upcalls.registered()).isEqualTo(registered);
    image.close();
    assertThat(Upcalls.registered()).isEqualTo(before);
  }

  @Test
  void watchesComeAndGoWhileSnapshotsAreTaken() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Void> snapshots =
        Await.inBackground(
            () -> {
              for (int i = 0; !stop.get(); i++) {
                other.createSnapshot("s" + i);
                other.snapshot("s" + i).remove();
              }
            });
    try {
      for (int i = 0; i < 30; i++) {
        try (Image own = rbd.open(name)) {
          for (int j = 0; j < 3; j++) {
            QuiesceWatch watch = own.watchQuiesce(listener(() -> {}), LIMIT);
            if (i % 5 == 0) {
              int before = calls.size();
              Await.until("it is asked", () -> calls.size() > before);
            }
            watch.close();
          }
        }
      }
    } finally {
      stop.set(true);
    }
    snapshots.get(60, TimeUnit.SECONDS);
    Await.until(
        "all may go on",
        () ->
            calls.stream().filter("quiesced"::equals).count()
                == calls.stream().filter("unquiesce"::equals).count());
    assertThat(calls).contains("unquiesce");
  }

  @Test
  void impossibleLimitsAreRefused() {
    assertThatThrownBy(() -> image.watchQuiesce(listener(() -> {}), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.watchQuiesce(listener(() -> {}), Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    try (QuiesceWatch watch =
        image.watchQuiesce(listener(() -> {}), Duration.ofSeconds(Long.MAX_VALUE))) {
      other.createSnapshot("s");
      assertThat(watch.isClosed()).isFalse();
    }
    assertThat(calls).contains("quiesced");
  }
}
