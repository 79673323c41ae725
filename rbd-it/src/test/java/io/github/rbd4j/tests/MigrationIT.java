package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.FunctionNotSupportedException;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageSpec;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.Migration;
import io.github.rbd4j.MigrationState;
import io.github.rbd4j.MigrationStatus;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.TrashSource;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.it.CommandLine;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images move, and are used meanwhile. */
@CephTest
class MigrationIT {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 8 * MIB;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd whole;
  private final IoContext io;
  private final Rbd rbd;
  private final Migration migration;
  private final String namespace = Names.unique("migration");
  private final byte[] data = Bytes.random(SIZE, 1);
  private String sourceId;
  @TempDir private Path folder;

  MigrationIT(CephCluster ceph, Cluster cluster, Rbd whole) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.whole = whole;
    whole.namespaces().create(namespace);
    this.io = cluster.ioContext("rbd", namespace);
    this.rbd = new Rbd(io);
    this.migration = rbd.migration();
  }

  @BeforeEach
  void create() {
    ImageOptions options = new ImageOptions().order(20);
    rbd.create("source", SIZE, options);
    try (Image image = rbd.open("source")) {
      image.writeAt(0, data);
      sourceId = image.id();
    }
  }

  @AfterEach
  void remove() {
    rbd.list()
        .forEach(
            spec -> {
              try (Image image = rbd.open(spec.name())) {
                for (SnapshotInfo info : image.snapshots()) {
                  image.snapshot(info.name()).remove();
                }
              }
              rbd.remove(spec.name());
            });
    io.close();
    whole.namespaces().remove(namespace);
  }

  private void prepare(String target) {
    ImageOptions options = new ImageOptions();
    migration.prepare("source", rbd, target, options);
  }

  @Test
  void anImageIsUsedWhileItMovesToAnotherPool() {
    try (SecondPool pool = new SecondPool(cluster)) {
      Migration there = pool.rbd().migration();
      ImageOptions options = new ImageOptions().order(21);
      migration.prepare("source", pool.rbd(), "moved", options);
      assertThat(rbd.exists("source")).isFalse();
      assertThat(rbd.trash().list())
          .singleElement()
          .satisfies(entry -> assertThat(entry.id()).isEqualTo(sourceId))
          .satisfies(entry -> assertThat(entry.source()).isEqualTo(TrashSource.MIGRATION));
      byte[] expected = data.clone();
      try (Image image = pool.rbd().open("moved")) {
        assertThat(image.features()).contains(Feature.MIGRATING);
        assertThat(image.info().order()).isEqualTo(21);
        Bytes.assertEqual(Bytes.of(image), data);
        byte[] own = Bytes.random(5000, 2);
        image.writeAt(MIB - 2000, own);
        System.arraycopy(own, 0, expected, MIB - 2000, own.length);
        MigrationStatus status = there.status("moved");
        assertThat(status)
            .isEqualTo(
                new MigrationStatus(
                    io.poolId(),
                    namespace,
                    "source",
                    sourceId,
                    pool.io().poolId(),
                    "",
                    "moved",
                    image.id(),
                    MigrationState.PREPARED,
                    MigrationState.PREPARED.value(),
                    status.description()));
        Progress progress = new Progress();
        there.execute("moved", progress);
        progress.assertWent();
        assertThat(there.status("moved").state()).isEqualTo(MigrationState.EXECUTED);
        Bytes.assertEqual(Bytes.of(image), expected);
      }
      assertThat(ceph.rbd("status", pool.name() + "/moved", "--format", "json"))
          .contains("\"state\":\"executed\"");
      Progress progress = new Progress();
      there.commit("moved", progress);
      progress.assertSaidSomething();
      try (Image image = pool.rbd().open("moved")) {
        assertThat(image.features()).doesNotContain(Feature.MIGRATING);
        Bytes.assertEqual(Bytes.of(image), expected);
      }
      assertThatThrownBy(() -> there.status("moved")).isInstanceOf(ObjectNotFoundException.class);
      assertThat(rbd.list()).isEmpty();
      assertThat(rbd.trash().list()).isEmpty();
      pool.rbd().remove("moved");
    }
  }

  @Test
  void anImageCanChangeItsLayoutUnderItsName() {
    ImageOptions options = new ImageOptions().order(22).striping(65536, 4);
    migration.prepare("source", rbd, "source", options);
    migration.execute("source", ProgressListener.NONE);
    migration.commit("source", ProgressListener.NONE);
    try (Image image = rbd.open("source")) {
      assertThat(image.id()).isNotEqualTo(sourceId);
      assertThat(image.info().order()).isEqualTo(22);
      assertThat(image.stripeUnit()).isEqualTo(65536);
      assertThat(image.stripeCount()).isEqualTo(4);
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void snapshotsMoveToo() {
    try (Image image = rbd.open("source")) {
      image.createSnapshot("s");
      image.writeZeroes(0, SIZE);
    }
    prepare("moved");
    migration.execute("moved", ProgressListener.NONE);
    migration.commit("moved", ProgressListener.NONE);
    try (Image image = rbd.open("moved", OpenOptions.at("s"))) {
      Bytes.assertEqual(Bytes.of(image), data);
    }
    try (Image image = rbd.open("moved")) {
      Bytes.assertZero(Bytes.of(image));
    }
  }

  @Test
  void anAbortedMoveLeavesTheSource() {
    prepare("moved");
    Progress progress = new Progress();
    migration.abort("moved", progress);
    progress.assertSaidSomething();
    assertThat(rbd.exists("moved")).isFalse();
    assertThatThrownBy(() -> migration.status("moved")).isInstanceOf(ObjectNotFoundException.class);
    try (Image image = rbd.open("source")) {
      assertThat(image.id()).isEqualTo(sourceId);
      assertThat(image.features()).doesNotContain(Feature.MIGRATING);
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWasWrittenToTheTargetIsInTheSourceAfterAnAbort(boolean executed) {
    prepare("moved");
    byte[] own = Bytes.random(5000, 2);
    try (Image image = rbd.open("moved")) {
      image.writeAt(MIB - 2000, own);
    }
    if (executed) {
      migration.execute("moved", ProgressListener.NONE);
    }
    migration.abort("moved", ProgressListener.NONE);
    System.arraycopy(own, 0, data, MIB - 2000, own.length);
    try (Image image = rbd.open("source")) {
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void whatTheListenerThrowsComesOutWhenAllIsCopied() {
    prepare("moved");
    assertThatThrownBy(() -> migration.execute("moved", Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(migration.status("moved").state()).isEqualTo(MigrationState.EXECUTED);
    migration.commit("moved");
    try (Image image = rbd.open("moved")) {
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void whatTheListenerThrowsComesOutOfACommitThatIsDone() {
    prepare("moved");
    migration.execute("moved");
    assertThatThrownBy(() -> migration.commit("moved", Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(rbd.trash().list()).isEmpty();
    try (Image image = rbd.open("moved")) {
      assertThat(image.features()).doesNotContain(Feature.MIGRATING);
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void aCancelledAbortIsFinishedByAnother() {
    prepare("moved");
    assertThatThrownBy(() -> migration.abort("moved", Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    migration.abort("moved");
    assertThat(rbd.list()).extracting(ImageSpec::name).containsExactly("source");
    try (Image image = rbd.open("source")) {
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void whatIsNotBeingMigratedSaysSo() {
    assertThatThrownBy(() -> migration.status("source"))
        .isInstanceOf(ObjectNotFoundException.class)
        .isNotInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("the migration of image rbd/" + namespace + "/source");
    assertThatThrownBy(() -> migration.status("nobody"))
        .isInstanceOf(ObjectNotFoundException.class);
    try (Image image = rbd.open("source")) {
      assertThatThrownBy(image::migrationSourceSpec)
          .isInstanceOf(ObjectNotFoundException.class)
          .hasMessageContaining("the migration source of image rbd/" + namespace + "/source");
    }
    assertThatThrownBy(() -> migration.execute("source", ProgressListener.NONE))
        .isInstanceOf(RbdException.class);
    assertThatThrownBy(() -> migration.execute("nobody", ProgressListener.NONE))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> migration.commit("nobody", ProgressListener.NONE))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> migration.abort("nobody", ProgressListener.NONE))
        .isInstanceOf(ImageNotFoundException.class);
  }

  @Test
  void whatIsInUseOrMissingDoesNotMove() {
    try (Image image = rbd.open("source")) {
      assertThat(image.watchers()).hasSize(1);
      assertThatThrownBy(() -> prepare("moved")).isInstanceOf(ImageBusyException.class);
    }
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> migration.prepare("nobody", rbd, "moved", options))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> prepare("a/b")).isInstanceOf(IllegalArgumentException.class);
    assertThat(rbd.exists("source")).isTrue();
  }

  @Test
  void aMoveThatIsNotExecutedIsNotCommitted() {
    prepare("moved");
    assertThatThrownBy(() -> migration.commit("moved", ProgressListener.NONE))
        .isInstanceOf(InvalidRequestException.class);
    assertThat(migration.status("moved").state()).isEqualTo(MigrationState.PREPARED);
    migration.abort("moved", ProgressListener.NONE);
  }

  private void importFrom(String spec) {
    ImageOptions options = new ImageOptions().order(20);
    migration.prepareImport(spec, "imported", options);
    try (Image image = rbd.open("imported")) {
      assertThat(image.size()).isEqualTo(SIZE);
      Bytes.assertEqual(Bytes.of(image), data);
      assertThat(image.migrationSourceSpec().replaceAll("\\s", "").split("[{},]"))
          .contains(spec.replaceAll("\\s", "").split("[{},]"));
      MigrationStatus status = migration.status("imported");
      assertThat(status.state()).isEqualTo(MigrationState.PREPARED);
      assertThat(status.sourcePoolId()).isEqualTo(-1);
      assertThat(status.targetName()).isEqualTo("imported");
      assertThat(status.targetId()).isEqualTo(image.id());
    }
    Progress progress = new Progress();
    migration.execute("imported", progress);
    progress.assertWent();
    migration.commit("imported", ProgressListener.NONE);
    try (Image image = rbd.open("imported")) {
      assertThat(image.features()).doesNotContain(Feature.MIGRATING);
      Bytes.assertEqual(Bytes.of(image), data);
    }
  }

  @Test
  void aRawFileIsImported() throws IOException {
    Path raw = folder.resolve("disk.raw");
    Files.write(raw, data);
    importFrom("{\"type\":\"raw\",\"stream\":{\"file_path\":\"" + raw + "\",\"type\":\"file\"}}");
  }

  @Test
  void aQcow2FileIsImported() throws IOException {
    Path raw = folder.resolve("disk.raw");
    Path qcow = folder.resolve("disk.qcow2");
    Files.write(raw, data);
    CommandLine.Result converted =
        CommandLine.run(
            Duration.ofMinutes(1),
            Map.of(),
            List.of(
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "qcow2",
                raw.toString(),
                qcow.toString()));
    assertThat(converted.status()).as(converted.errors()).isZero();
    importFrom("{\"type\":\"qcow\",\"stream\":{\"file_path\":\"" + qcow + "\",\"type\":\"file\"}}");
  }

  @Test
  void aSnapshotOfAnotherImageIsImported() {
    try (Image image = rbd.open("source")) {
      image.createSnapshot("s");
    }
    importFrom(
        """
        {"image_name":"source","pool_name":"rbd","pool_namespace":"%s","snap_name":"s",\
        "type":"native"}"""
            .formatted(namespace));
    assertThat(rbd.exists("source")).isTrue();
  }

  @Test
  void anAbortedImportLeavesNothing() throws IOException {
    Path raw = folder.resolve("disk.raw");
    Files.write(raw, data);
    ImageOptions options = new ImageOptions();
    migration.prepareImport(
        "{\"type\":\"raw\",\"stream\":{\"type\":\"file\",\"file_path\":\"" + raw + "\"}}",
        "imported",
        options);
    migration.abort("imported", ProgressListener.NONE);
    assertThat(rbd.exists("imported")).isFalse();
    assertThat(Files.size(raw)).isEqualTo(SIZE);
  }

  @Test
  void aSourceThatMakesNoSenseIsRefused() {
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> migration.prepareImport("no JSON", "imported", options))
        .isInstanceOf(RbdException.class)
        .hasMessageContaining("prepare the import of image rbd/" + namespace + "/imported");
    assertThatThrownBy(() -> migration.prepareImport("{\"type\":\"x\"}", "imported", options))
        .isInstanceOf(FunctionNotSupportedException.class);
    assertThatThrownBy(() -> migration.prepareImport("", "imported", options))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(rbd.exists("imported")).isFalse();
  }
}
