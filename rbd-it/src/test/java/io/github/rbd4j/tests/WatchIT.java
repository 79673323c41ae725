package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Watcher;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever watches an image hears of its changes, whoever made them, for as long as wanted. */
@CephTest
class WatchIT {
  private static final long MIB = 1 << 20;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd rbd;
  private final String name = Names.unique("watch");
  private Image image;
  private Image other;

  WatchIT(CephCluster ceph, Cluster cluster, Rbd rbd) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, MIB);
    image = rbd.open(name);
    other = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    other.close();
    rbd.remove(name);
  }

  @Test
  void whoHasAnImageOpenIsListed() {
    assertThat(image.watchers())
        .hasSize(2)
        .allSatisfy(w -> assertThat(w.id()).isEqualTo(cluster.instanceId()))
        .allSatisfy(w -> assertThat(w.address()).startsWith("127.0.0.1:"))
        .extracting(Watcher::cookie)
        .doesNotHaveDuplicates();
    other.close();
    assertThat(image.watchers()).hasSize(1);
    try (Image readOnly = rbd.openReadOnly(name)) {
      assertThat(readOnly.watchers()).hasSize(1);
    }
  }

  @Test
  void manyWatchersAreListed() {
    Image[] images = new Image[20];
    for (int i = 0; i < images.length; i++) {
      images[i] = rbd.open(name);
    }
    assertThat(image.watchers()).hasSize(22).doesNotHaveDuplicates();
    for (Image open : images) {
      open.close();
    }
  }

  @Test
  void aResizeByAnotherHandleIsHeard() {
    AtomicLong size = new AtomicLong();
    try (ImageWatch watch = image.watch(() -> size.set(image.size()))) {
      assertThat(watch.isClosed()).isFalse();
      other.resize(2 * MIB, false);
      Await.until("the new size is heard of", () -> size.get() == 2 * MIB);
    }
  }

  @Test
  void aSnapshotByAnotherProgramIsHeard() {
    AtomicInteger snapshots = new AtomicInteger();
    try (ImageWatch watch = image.watch(() -> snapshots.set(image.snapshots().size()))) {
      ceph.rbd("snap", "create", "rbd/" + name + "@s");
      Await.until("the snapshot is heard of", () -> snapshots.get() == 1);
      assertThat(watch.isClosed()).isFalse();
    }
    other.snapshot("s").remove();
  }

  @Test
  void oneImageCanHaveManyWatches() {
    AtomicInteger first = new AtomicInteger();
    AtomicInteger second = new AtomicInteger();
    ImageWatch one = image.watch(first::incrementAndGet);
    ImageWatch two = image.watch(second::incrementAndGet);
    other.resize(2 * MIB, false);
    Await.until("both hear it", () -> first.get() > 0 && second.get() > 0);
    one.close();
    int heard = first.get();
    int before = second.get();
    other.resize(3 * MIB, false);
    Await.until("the second hears it", () -> second.get() > before);
    assertThat(first.get()).isBetween(heard, heard + 1);
    two.close();
  }

  @Test
  void aWatchCanBeClosedFromItsListener() throws Exception {
    CompletableFuture<ImageWatch> watch = new CompletableFuture<>();
    CountDownLatch closed = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    watch.complete(
        image.watch(
            () -> {
              calls.incrementAndGet();
              watch.join().close();
              closed.countDown();
            }));
    other.resize(2 * MIB, false);
    assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(watch.join().isClosed()).isTrue();
    int before = calls.get();
    other.resize(3 * MIB, false);
    assertThat(image.size()).isEqualTo(3 * MIB);
    image.close();
    assertThat(calls.get()).isBetween(before, before + 1);
  }

  @Test
  void aListenerThatThrowsIsCalledAgain() {
    AtomicInteger calls = new AtomicInteger();
    try (ImageWatch watch =
        image.watch(
            () -> {
              calls.incrementAndGet();
              throw new IllegalStateException("a listener that throws, as this test wants it");
            })) {
      for (int i = 2; i < 5; i++) {
        int before = calls.get();
        other.resize(i * MIB, false);
        Await.until("it is called again", () -> calls.get() > before);
      }
      assertThat(watch.isClosed()).isFalse();
    }
  }

  @Test
  void aListenerMayCloseTheImage() {
    AtomicBoolean closed = new AtomicBoolean();
    ImageWatch watch =
        image.watch(
            () -> {
              image.close();
              closed.set(true);
            });
    other.resize(2 * MIB, false);
    Await.until("the image is closed", closed::get);
    assertThat(watch.isClosed()).isTrue();
    watch.close();
  }

  @Test
  void theWatchEndsWithTheImage() {
    int registered = Upcalls.registered();
    AtomicInteger calls = new AtomicInteger();
    ImageWatch watch = image.watch(calls::incrementAndGet);
    assertThat(Upcalls.registered()).isEqualTo(registered + 1);
    image.close();
    assertThat(watch.isClosed()).isTrue();
    assertThat(Upcalls.registered()).isEqualTo(registered);
    int before = calls.get();
    other.resize(2 * MIB, false);
    assertThat(calls.get()).isEqualTo(before);
    watch.close();
    assertThatThrownBy(() -> image.watch(() -> {})).isInstanceOf(IllegalStateException.class);
    assertThat(Upcalls.registered()).isEqualTo(registered);
  }

  @Test
  void manyNewsAreToldNeverTwiceAtOnceAndTheLastIsHeard() {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();
    AtomicBoolean overlapped = new AtomicBoolean();
    AtomicLong size = new AtomicLong();
    long last = 0;
    try (ImageWatch watch =
        image.watch(
            () -> {
              calls.incrementAndGet();
              if (inside.incrementAndGet() > 1) {
                overlapped.set(true);
              }
              size.set(image.size());
              inside.decrementAndGet();
            })) {
      for (int i = 1; i <= 100; i++) {
        last = MIB + i * 4096L;
        other.resize(last, false);
      }
      long end = last;
      Await.until("the last size is heard of", () -> size.get() == end);
      assertThat(watch.isClosed()).isFalse();
    }
    assertThat(overlapped).isFalse();
    assertThat(calls).hasPositiveValue();
  }

  @Test
  void watchesComeAndGoWhileTheNewsCome() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Void> resizing =
        Await.inBackground(
            () -> {
              for (int i = 1; !stop.get(); i++) {
                other.resize(MIB + i * 4096L, false);
              }
            });
    try {
      for (int i = 0; i < 100; i++) {
        AtomicInteger calls = new AtomicInteger();
        try (ImageWatch watch = image.watch(calls::incrementAndGet)) {
          if (i % 10 == 0) {
            Await.until("there are news", () -> calls.get() > 0);
          }
          assertThat(watch.isClosed()).isFalse();
        }
      }
    } finally {
      stop.set(true);
    }
    resizing.get(30, TimeUnit.SECONDS);
  }

  @Test
  void anExecutorThatRefusesOnceDoesNotSilenceTheWatch() {
    AtomicBoolean refuse = new AtomicBoolean(true);
    AtomicBoolean refused = new AtomicBoolean();
    AtomicInteger calls = new AtomicInteger();
    try (Cluster own =
            ceph.client()
                .executor(
                    task -> {
                      if (refuse.get()) {
                        refused.set(true);
                        throw new RejectedExecutionException("full, as this test wants it");
                      }
                      Thread.startVirtualThread(task);
                    })
                .connect();
        IoContext io = own.ioContext("rbd");
        Image watched = new Rbd(io).open(name);
        ImageWatch watch = watched.watch(calls::incrementAndGet)) {
      other.resize(2 * MIB, false);
      Await.until("the executor refuses", refused::get);
      refuse.set(false);
      other.resize(3 * MIB, false);
      Await.until("the watch is heard again", () -> calls.get() > 0);
      assertThat(watch.isClosed()).isFalse();
    }
  }

  /** On a thread of librbd, where ending it at once would wait for this very callback. */
  @Test
  void aWatchCanBeClosedFromACallbackOfLibrbd() throws Exception {
    ImageWatch watch = image.watch(() -> {});
    image
        .async(AsyncOptions.defaults().onLibrbdThread(true))
        .read(0, Arena.ofAuto().allocate(512))
        .thenRun(watch::close)
        .get(30, TimeUnit.SECONDS);
    Await.until("the watch ended", watch::isClosed);
    watch.close(); // waits until it has ended
    try (Cluster direct = ceph.client().executor(Runnable::run).connect();
        IoContext io = direct.ioContext("rbd");
        Image watched = new Rbd(io).open(name)) {
      AtomicInteger calls = new AtomicInteger();
      CompletableFuture<ImageWatch> own = new CompletableFuture<>();
      own.complete(
          watched.watch(
              () -> {
                calls.incrementAndGet();
                own.join().close();
              }));
      other.resize(2 * MIB, false);
      Await.until("the watch ended", () -> own.join().isClosed());
      own.join().close();
      int before = calls.get();
      assertThat(before).isPositive();
      other.resize(3 * MIB, false);
      assertThat(calls).hasValue(before);
      assertThat(watched.size()).isEqualTo(3 * MIB);
    }
  }
}
