package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The first quiesce watch of an image begins while snapshots are being taken. librbd would abort
 * the process if a handle got its first watch between the two messages of a snapshot.
 */
@CephTest
@ExtendWith(InOwnJvm.class)
class FirstQuiesceWatchIT {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Duration ROUNDS = Duration.ofSeconds(15);

  private final CephCluster ceph;
  private final Rbd rbd;

  FirstQuiesceWatchIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  /** Counts what it is told. */
  private static class Counting implements QuiesceListener {
    final AtomicInteger quiesced = new AtomicInteger();
    final AtomicInteger unquiesced = new AtomicInteger();

    @Override
    public void quiesce() throws Exception {
      quiesced.incrementAndGet();
    }

    @Override
    public void unquiesce() {
      unquiesced.incrementAndGet();
    }
  }

  private void remove(String name) {
    try (Image image = rbd.open(name)) {
      for (SnapshotInfo info : image.snapshots()) {
        image.removeSnapshot(info.id());
      }
    }
    rbd.remove(name);
  }

  @Test
  void betweenTheMessagesOfOneSnapshot() throws Exception {
    String name = Names.unique("first");
    rbd.create(name, 1 << 20);
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    Counting slow =
        new Counting() {
          @Override
          public void quiesce() throws Exception {
            super.quiesce();
            asked.countDown();
            assertThat(finish.await(30, TimeUnit.SECONDS)).isTrue();
          }
        };
    Counting late = new Counting();
    try (Image holder = rbd.open(name);
        Image own = rbd.open(name);
        Image taker = rbd.open(name);
        QuiesceWatch held = holder.watchQuiesce(slow, LIMIT)) {
      CompletableFuture<?> snapshot = Await.inBackground(() -> taker.createSnapshot("s"));
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      try (QuiesceWatch watch = own.watchQuiesce(late, LIMIT)) {
        finish.countDown();
        snapshot.get(30, TimeUnit.SECONDS);
        Await.until("the first may go on", () -> slow.unquiesced.get() == 1);
        assertThat(late.quiesced).hasValue(0);
        taker.createSnapshot("t");
        Await.until("both may go on", () -> slow.unquiesced.get() + late.unquiesced.get() == 3);
        assertThat(late.quiesced).hasValue(1);
        assertThat(watch.isClosed() || held.isClosed()).isFalse();
      }
    }
    remove(name);
  }

  @Test
  void whileOneClientAfterTheOtherTakesSnapshots() throws Exception {
    beginWhileSnapshotsAreTaken(EnumSet.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK));
  }

  @Test
  void whileClientsTakeSnapshotsAtTheSameTime() throws Exception {
    beginWhileSnapshotsAreTaken(EnumSet.of(Feature.LAYERING));
  }

  private void beginWhileSnapshotsAreTaken(EnumSet<Feature> features) throws Exception {
    String name = Names.unique("first");
    ImageOptions options = new ImageOptions().features(features);
    rbd.create(name, 1 << 20, options);
    AtomicBoolean stop = new AtomicBoolean();
    List<CompletableFuture<?>> takers = new ArrayList<>();
    AtomicInteger taken = new AtomicInteger();
    for (int i = 0; i < 2; i++) {
      String prefix = "s" + i + "-";
      takers.add(Await.inBackground(() -> takeSnapshots(name, prefix, stop, taken)));
    }
    try {
      Await.until("snapshots are taken", () -> taken.get() > 2);
      Random random = new Random();
      long begin = System.nanoTime();
      for (int i = 0; System.nanoTime() - begin < ROUNDS.toNanos(); i++) {
        assertThat(takers).noneMatch(CompletableFuture::isDone);
        Counting counting = new Counting();
        try (Image own = rbd.open(name)) {
          LockSupport.parkNanos(random.nextLong(20_000_000)); // any moment of a snapshot
          try (QuiesceWatch watch = own.watchQuiesce(counting, LIMIT)) {
            if (i % 5 == 0) {
              Await.until("it is asked", () -> counting.quiesced.get() > 0);
            } else {
              LockSupport.parkNanos(random.nextLong(20_000_000)); // any moment of the next one
            }
            assertThat(watch.isClosed()).isFalse();
          }
        }
        Await.until("it may go on", () -> counting.quiesced.get() == counting.unquiesced.get());
      }
    } finally {
      stop.set(true);
    }
    for (CompletableFuture<?> taker : takers) {
      taker.get(60, TimeUnit.SECONDS);
    }
    try (Image image = rbd.openReadOnly(name)) {
      Await.until("no watcher is left", () -> image.watchers().isEmpty());
    }
    remove(name);
  }

  private void takeSnapshots(String name, String prefix, AtomicBoolean stop, AtomicInteger taken) {
    try (Cluster cluster = ceph.client().connect();
        IoContext io = cluster.ioContext("rbd");
        Image image = new Rbd(io).open(name)) {
      for (int i = 0; !stop.get(); i++) {
        image.createSnapshot(prefix + i).remove();
        taken.incrementAndGet();
      }
    }
  }
}
