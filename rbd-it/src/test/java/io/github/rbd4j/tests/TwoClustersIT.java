package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.group.Group;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One process with connections to two clusters: they are told apart, and share no fate. */
@Tag(Tags.LOCAL_DAEMONS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TwoClustersIT {
  private static final int MIB = 1 << 20;
  private static final Duration SOON = Duration.ofSeconds(20);

  private final CephCluster ceph = CephCluster.start();
  private final CephCluster otherCeph = CephCluster.start();
  private final Cluster cluster = ceph.client().connect();
  private final Cluster other = otherCeph.client().connect();
  private final IoContext io = cluster.ioContext("rbd");
  private final IoContext otherIo = other.ioContext("rbd");
  private final Rbd rbd = new Rbd(io);
  private final Rbd otherRbd = new Rbd(otherIo);
  private final String name = Names.unique("here");
  private final byte[] data = Bytes.random(2 * MIB, 1);

  @AfterAll
  void stop() {
    cluster.close();
    other.close();
    ceph.close();
    otherCeph.close();
  }

  @BeforeEach
  void create() {
    for (Rbd pool : List.of(rbd, otherRbd)) {
      pool.create(name, 4 * MIB);
      try (Image image = pool.open(name)) {
        image.writeAt(0, data);
        image.createSnapshot("s");
        image.snapshot("s").protect();
      }
    }
  }

  @AfterEach
  void remove() {
    for (Rbd pool : List.of(rbd, otherRbd)) {
      pool.list().stream()
          .map(spec -> spec.name())
          .filter(found -> !found.equals(name))
          .forEach(found -> removeWithSnapshots(pool, found));
      removeWithSnapshots(pool, name);
    }
  }

  private static void removeWithSnapshots(Rbd pool, String image) {
    try (Image open = pool.open(image)) {
      open.snapshots()
          .forEach(
              info -> {
                Snapshot snapshot = open.snapshot(info.name());
                if (snapshot.isProtected()) {
                  snapshot.unprotect();
                }
                snapshot.remove();
              });
    }
    pool.remove(image);
  }

  private void assertRefused(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(cluster.fsid().toString())
        .hasMessageContaining(other.fsid().toString());
  }

  @Test
  void objectsOfAnotherClusterAreRefused() {
    ImageOptions options = new ImageOptions().cloneFormat(2);
    assertRefused(() -> rbd.clone(name, "s", otherRbd, "clone", options));
    assertRefused(() -> otherRbd.clone(name, "s", rbd, "clone", options));
    assertRefused(() -> rbd.migration().prepare(name, otherRbd, "moved", new ImageOptions()));
    Group group = new Groups(io).create(Names.unique("group"));
    String id;
    try (Image image = rbd.open(name)) {
      id = image.id();
    }
    group.addImage(io, name);
    assertRefused(() -> group.addImage(otherIo, name));
    assertRefused(() -> group.removeImage(otherIo, name));
    assertRefused(() -> group.removeImageById(otherIo, id));
    assertThat(group.images()).hasSize(1);
    new Groups(io).remove(group.name());
    assertThat(otherRbd.exists("clone")).isFalse();
    assertThat(rbd.exists("clone")).isFalse();
    assertThat(otherRbd.exists("moved")).isFalse();
  }

  @Test
  void objectsOfAnotherConnectionToTheClusterFit() {
    try (Cluster again = ceph.client().connect()) {
      Rbd second = new Rbd(again.ioContext("rbd"));
      rbd.clone(name, "s", second, "clone", new ImageOptions().cloneFormat(2));
      try (Image clone = second.open("clone")) {
        Bytes.assertEqual(Bytes.of(clone, 0, 2 * MIB), data);
      }
      second.remove("clone");
      Group group = new Groups(io).create(Names.unique("group"));
      group.addImage(second.ioContext(), name);
      assertThat(group.images()).hasSize(1);
      group.removeImage(second.ioContext(), name);
      new Groups(io).remove(group.name());
    }
  }

  @Test
  void imagesAreCopiedToAnotherCluster() {
    try (Image image = rbd.open(name)) {
      image.copyTo(otherRbd, "copy", new ImageOptions(), 0, ProgressListener.NONE);
      image.deepCopyTo(otherRbd, "deep", new ImageOptions(), ProgressListener.NONE);
    }
    for (String copied : List.of("copy", "deep")) {
      assertThat(rbd.exists(copied)).isFalse();
      try (Image copy = otherRbd.open(copied)) {
        Bytes.assertEqual(Bytes.of(copy, 0, 2 * MIB), data);
        assertThat(copy.snapshots()).hasSize(copied.equals("deep") ? 1 : 0);
      }
    }
  }

  /** Its parent would be whatever has the ids of the parent there. */
  @Test
  void aCloneIsDeepCopiedToAnotherClusterOnlyIfItIsFlattened() {
    rbd.clone(name, "s", rbd, "clone", new ImageOptions().cloneFormat(2));
    try (Image clone = rbd.open("clone")) {
      assertRefused(
          () -> clone.deepCopyTo(otherRbd, "deep", new ImageOptions(), ProgressListener.NONE));
      assertThat(otherRbd.exists("deep")).isFalse();
      clone.deepCopyTo(otherRbd, "deep", new ImageOptions().flatten(true), ProgressListener.NONE);
      clone.copyTo(otherRbd, "copy", new ImageOptions(), 0, ProgressListener.NONE);
    }
    for (String copied : List.of("copy", "deep")) {
      try (Image copy = otherRbd.open(copied)) {
        assertThat(copy.parent()).isEmpty();
        Bytes.assertEqual(Bytes.of(copy, 0, 2 * MIB), data);
      }
    }
    rbd.remove("clone");
  }

  /** More threads than there is memory for hang in a cluster; the other one does not notice. */
  @ParameterizedTest
  @ValueSource(ints = {4096, 128 << 10})
  void aClusterThatHangsHoldsNoMemoryOfAnother(int length) throws Exception {
    List<CompletableFuture<Void>> hanging = new ArrayList<>();
    AtomicInteger begun = new AtomicInteger();
    try (Cluster dead = ceph.client().osdTimeout(Duration.ofMinutes(10)).connect();
        Image image = new Rbd(dead.ioContext("rbd")).open(name);
        Image healthy = otherRbd.open(name)) {
      ceph.daemon(DaemonAction.PAUSE, "osd.0");
      try {
        for (int i = 0; i < 100; i++) {
          hanging.add(
              Await.inBackground(
                  () -> {
                    begun.incrementAndGet();
                    image.readAt(0, new byte[length]);
                  }));
        }
        Await.until("all have begun", () -> begun.get() == 100);
        for (int part : new int[] {4096, MIB}) {
          Await.inBackground(
                  () -> {
                    healthy.writeAt(0, new byte[part]);
                    assertThat(healthy.readAt(0, new byte[part])).isEqualTo(part);
                    assertThat(healthy.size()).isEqualTo(4 * MIB);
                    healthy.async().flush().join();
                  })
              .get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(hanging).noneMatch(CompletableFuture::isDone);
      } finally {
        ceph.daemon(DaemonAction.RESUME, "osd.0");
      }
      for (CompletableFuture<Void> read : hanging) {
        read.get(60, TimeUnit.SECONDS);
      }
    }
  }

  /** Ten times as many as there is memory for: those behind do not wait ten times as long. */
  @Test
  void aTransferWaitsForMemoryNoLongerThanForTheCluster() {
    Duration patience = Duration.ofSeconds(3);
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    long start;
    try (Cluster impatient = ceph.client().osdTimeout(patience).connect();
        Image image = new Rbd(impatient.ioContext("rbd")).open(name)) {
      ceph.daemon(DaemonAction.PAUSE, "osd.0");
      try {
        start = System.nanoTime();
        for (int i = 0; i < 80; i++) {
          reads.add(Await.inBackground(() -> image.readAt(0, new byte[128 << 10])));
        }
        for (CompletableFuture<Void> read : reads) {
          assertThatThrownBy(read::join)
              .isInstanceOf(CompletionException.class)
              .hasCauseInstanceOf(OperationTimeoutException.class);
        }
      } finally {
        ceph.daemon(DaemonAction.RESUME, "osd.0");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(patience.multipliedBy(6));
    }
  }
}
