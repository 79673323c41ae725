package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.IncompleteCopyException;
import io.github.rbd4j.Migration;
import io.github.rbd4j.MigrationState;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Copies of an image of whose removed snapshots one is still in the OSDs, which are told to leave
 * it there. What librbd makes of them is shown by the {@code rbd} program.
 */
@CephTest
class RemovedSnapshotsIT {
  private static final int SIZE = 4 << 20;

  private final CephCluster ceph;
  private final SecondPool pool;
  private final Rbd rbd;
  private final byte[] atSnapshot = Bytes.random(SIZE, 1);
  private final byte[] head = atSnapshot.clone();

  RemovedSnapshotsIT(CephCluster ceph, Cluster cluster) {
    this.ceph = ceph;
    this.pool = new SecondPool(cluster);
    this.rbd = pool.rbd();
  }

  /** The object has data that is shared by two snapshots, of which the newer one is removed. */
  @BeforeEach
  void create() {
    rbd.create("source", SIZE, new ImageOptions().order(22));
    try (Image image = rbd.open("source")) {
      image.writeAt(0, atSnapshot);
      image.createSnapshot("kept");
      image.createSnapshot("removed");
      image.writeAt(0, new byte[] {1, 2, 3});
      System.arraycopy(new byte[] {1, 2, 3}, 0, head, 0, 3);
      ceph.ceph("osd", "set", "nosnaptrim");
      image.snapshot("removed").remove();
    }
  }

  @AfterEach
  void remove() {
    trim();
    pool.close();
  }

  private void trim() {
    ceph.ceph("osd", "unset", "nosnaptrim");
  }

  private String spec(String image) {
    return pool.name() + "/" + image;
  }

  private byte[] read(String name, String snapshot) {
    try (Image image = rbd.open(name, OpenOptions.at(snapshot))) {
      return Bytes.of(image);
    }
  }

  private byte[] read(String name) {
    try (Image image = rbd.openReadOnly(name)) {
      return Bytes.of(image);
    }
  }

  private void deepCopy() {
    try (Image image = rbd.open("source")) {
      image.deepCopyTo(rbd, "copy", new ImageOptions());
    }
  }

  @Test
  void aDeepCopyWaitsUntilSnapshotsAreRemoved() throws Exception {
    CompletableFuture<Void> copy = CompletableFuture.runAsync(this::deepCopy);
    ceph.rbd("deep", "cp", spec("source"), spec("witness"), "--no-progress");
    assertThat(read("witness", "kept")).isNotEqualTo(atSnapshot);
    assertThat(copy).isNotDone();
    trim();
    copy.get(60, TimeUnit.SECONDS);
    Bytes.assertEqual(read("copy", "kept"), atSnapshot);
    Bytes.assertEqual(read("copy"), head);
  }

  /** An interrupt ends the waiting, and then librbd leaves out what it leaves out. */
  @Test
  void aDeepCopyThatLacksDataIsReportedAndRemoved() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(this::deepCopy)
          .isInstanceOf(IncompleteCopyException.class)
          .hasMessage(
              "deep copy image %s to %s: snapshot kept differs at offset 0",
              spec("source"), spec("copy"));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(rbd.exists("copy")).isFalse();
  }

  @Test
  void aMigrationBeginsWhenSnapshotsAreRemoved() throws Exception {
    Migration migration = rbd.migration();
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> migration.prepare("source", rbd, "target", new ImageOptions()))
          .isInstanceOf(ImageBusyException.class)
          .hasMessageContaining("OSDs are still removing snapshots");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    CompletableFuture<Void> begin =
        CompletableFuture.runAsync(
            () -> migration.prepare("source", rbd, "target", new ImageOptions()));
    ceph.rbd("info", spec("source"));
    assertThat(begin).isNotDone();
    trim();
    begin.get(60, TimeUnit.SECONDS);
    migration.execute("target");
    migration.commit("target");
    Bytes.assertEqual(read("target", "kept"), atSnapshot);
    Bytes.assertEqual(read("target"), head);
  }

  @Test
  void aMigrationThatLacksDataIsNotCommitted() {
    Migration migration = rbd.migration();
    ceph.rbd("migration", "prepare", spec("source"), spec("target"));
    assertThatThrownBy(() -> migration.execute("target"))
        .isInstanceOf(IncompleteCopyException.class)
        .hasMessageStartingWith("execute the migration of image " + spec("target"))
        .hasMessageContaining("snapshot kept differs at offset 0");
    assertThat(migration.status("target").state()).isEqualTo(MigrationState.EXECUTED);
    assertThatThrownBy(() -> migration.commit("target"))
        .isInstanceOf(IncompleteCopyException.class)
        .hasMessageStartingWith("commit the migration of image " + spec("target"));
    assertThat(migration.status("target").state()).isEqualTo(MigrationState.EXECUTED);
    trim();
    migration.abort("target");
    Bytes.assertEqual(read("source", "kept"), atSnapshot);
    Bytes.assertEqual(read("source"), head);
  }
}
