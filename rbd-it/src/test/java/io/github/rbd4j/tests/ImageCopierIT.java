package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.transfer.ChecksumMismatchException;
import io.github.rbd4j.transfer.ImageCopier;
import io.github.rbd4j.transfer.TransferListener;
import io.github.rbd4j.transfer.TransferOptions;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Verified copies from one cluster to another. */
@Tag(Tags.LOCAL_DAEMONS)
@CephTest
class ImageCopierIT {
  private static final int MIB = 1 << 20;

  private static CephCluster otherCeph;
  private static Cluster other;

  private final Rbd rbd;
  private final String name = Names.unique("copy");
  private Rbd target;
  private byte[][] history;

  ImageCopierIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @BeforeAll
  static void start() {
    otherCeph = CephCluster.start();
    other = otherCeph.client().connect();
  }

  @AfterAll
  static void stop() {
    other.close();
    otherCeph.close();
  }

  @BeforeEach
  void create() {
    target = new Rbd(other.ioContext("rbd"));
    history = Sample.createWithHistory(rbd, name, 1);
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name);
    Sample.remove(target, name);
    target.ioContext().close();
  }

  private ImageCopier copier() {
    return new ImageCopier(rbd, target);
  }

  @Test
  void firstEverythingIsCopiedThenWhatChanged() throws IOException {
    ImageCopier.Result first = copier().copy(name, name, "one");
    assertThat(first.fromSnapshot()).isNull();
    assertThat(first.dataBytes()).isBetween(5L * MIB, 9L * MIB);
    Bytes.assertEqual(Sample.read(target, name, "one"), history[0]);
    try (Image from = rbd.openReadOnly(name);
        Image to = target.openReadOnly(name)) {
      assertThat(to.info().order()).isEqualTo(20);
      assertThat(to.features()).isEqualTo(from.features());
      assertThat(to.metadata()).isEqualTo(from.metadata());
    }

    ImageCopier.Result second = copier().copy(name, name, "two");
    assertThat(second.fromSnapshot()).isEqualTo("one");
    assertThat(second.dataBytes()).isPositive().isLessThan(4L * MIB);
    Bytes.assertEqual(Sample.read(target, name, "two"), history[1]);
    copier().verify(name, name, "one");
    copier().verify(name, name, "two");

    try (Image image = rbd.open(name)) {
      image.createSnapshot("three");
    }
    assertThat(copier().copy(name, name, "three").fromSnapshot()).isEqualTo("two");
    Bytes.assertEqual(Sample.read(target, name), history[2]);
    byte[] tool =
        otherCeph.tool("rbd", new byte[0], "export", "--no-progress", name + "@two", "-").output();
    Bytes.assertEqual(tool, history[1]);
  }

  @Test
  void aCopyThatIsCancelledLeavesTheTargetAsItWasAndCanBeRepeated() throws IOException {
    TransferListener cancel =
        progress -> {
          throw new CancellationException("enough");
        };
    ImageCopier cancelling =
        new ImageCopier(rbd, target, TransferOptions.defaults().listener(cancel));
    assertThatThrownBy(() -> cancelling.copy(name, name, "one"))
        .isInstanceOf(CancellationException.class);
    assertThat(target.exists(name)).isFalse();
    copier().copy(name, name, "one");
    assertThatThrownBy(() -> cancelling.copy(name, name, "two"))
        .isInstanceOf(CancellationException.class);
    Bytes.assertEqual(Sample.read(target, name), history[0]);
    try (Image image = target.openReadOnly(name)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("one");
    }
    copier().copy(name, name, "two");
    Bytes.assertEqual(Sample.read(target, name, "two"), history[1]);
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    assertThatThrownBy(() -> copier().copy(name, name, "none"))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("@none");
    assertThat(target.exists(name)).isFalse();
    target.create(name, MIB);
    assertThatThrownBy(() -> copier().copy(name, name, "one"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no snapshot in common");
    target.remove(name);

    copier().copy(name, name, "one");
    assertThatThrownBy(() -> copier().copy(name, name, "one"))
        .isInstanceOf(SnapshotExistsException.class);
    try (Image image = target.open(name)) {
      image.writeAt(0, new byte[] {1});
    }
    assertThatThrownBy(() -> copier().copy(name, name, "two"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("changed since its snapshot one");
    try (Image image = target.open(name)) {
      image.snapshot("one").rollback();
    }
    copier().copy(name, name, "two");
    copier().verify(name, name, "two");
  }

  @Test
  void aDifferenceIsFound() throws IOException {
    copier().copy(name, name, "one");
    byte[] expected = Sample.read(target, name, "one");
    // A snapshot of the same name with one other byte.
    try (Image image = target.open(name)) {
      image.snapshot("one").unprotect();
    } catch (io.github.rbd4j.RbdException notProtected) {
      assertThat(notProtected).isInstanceOf(io.github.rbd4j.InvalidRequestException.class);
    }
    try (Image image = target.open(name)) {
      image.snapshot("one").remove();
      image.writeAt(13L * MIB + 7, new byte[] {(byte) (expected[13 * MIB + 7] + 1)});
      image.createSnapshot("one");
    }
    assertThatThrownBy(() -> copier().verify(name, name, "one"))
        .isInstanceOfSatisfying(
            ChecksumMismatchException.class, e -> assertThat(e.offset()).isEqualTo(12L * MIB));
  }

  @Test
  void aCopyThatIsDamagedOnItsWayDoesNotCount() throws IOException {
    // Another client writes to the target while it is filled; nothing but reading back shows it.
    TransferListener vandal =
        progress -> {
          if (progress.done() >= Sample.SIZE) {
            try (Image image = target.open(name)) {
              image.writeAt(2L * MIB, new byte[] {0, 0, 0, 0, 0, 0, 0, 0});
            }
          }
        };
    ImageCopier damaged = new ImageCopier(rbd, target, TransferOptions.defaults().listener(vandal));
    assertThatThrownBy(() -> damaged.copy(name, name, "one"))
        .isInstanceOfSatisfying(
            ChecksumMismatchException.class,
            e -> assertThat(e.offset()).isBetween(MIB + 0L, 2L * MIB));
    assertThat(target.exists(name)).isFalse();
    byte[] zeros = new byte[8];
    assertThat(Arrays.mismatch(zeros, 0, 8, history[0], 2 * MIB, 2 * MIB + 8)).isNotNegative();
  }

  @Test
  void anIncrementalCopyThatIsDamagedOnItsWayIsTakenBack() throws IOException {
    copier().copy(name, name, "one");
    TransferListener vandal =
        progress -> {
          if (progress.done() >= Sample.LATER_SIZE) {
            try (Image image = target.open(name)) {
              image.writeAt(2L * MIB + 5, new byte[] {0, 0, 0, 0, 0, 0, 0, 0});
            }
          }
        };
    ImageCopier damaged = new ImageCopier(rbd, target, TransferOptions.defaults().listener(vandal));
    assertThatThrownBy(() -> damaged.copy(name, name, "two"))
        .isInstanceOfSatisfying(
            ChecksumMismatchException.class,
            e -> assertThat(e.offset()).isBetween(2L * MIB, 2L * MIB + 5));
    Bytes.assertEqual(Sample.read(target, name), history[0]);
    try (Image image = target.openReadOnly(name)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("one");
    }
    copier().copy(name, name, "two");
    copier().verify(name, name, "two");
  }

  @Test
  void aSnapshotThatAnotherClientTookMeanwhileStays() throws IOException {
    copier().copy(name, name, "one");
    TransferListener meanwhile =
        progress -> {
          try (Image image = target.open(name)) {
            if (!image.snapshot("two").exists()) {
              image.createSnapshot("two");
            }
          }
        };
    ImageCopier copier =
        new ImageCopier(rbd, target, TransferOptions.defaults().listener(meanwhile));
    assertThatThrownBy(() -> copier.copy(name, name, "two"))
        .isInstanceOf(SnapshotExistsException.class);
    Bytes.assertEqual(Sample.read(target, name), history[0]);
    try (Image image = target.openReadOnly(name)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("one", "two");
    }
  }

  @Test
  void whatHasStripesIsCopiedAndReadBack() throws IOException {
    Sample.remove(rbd, name);
    history = Sample.createWithHistory(rbd, name, new ImageOptions().striping(65536, 3), 5);
    copier().copy(name, name, "one");
    copier().copy(name, name, "two");
    Bytes.assertEqual(Sample.read(target, name, "one"), history[0]);
    Bytes.assertEqual(Sample.read(target, name, "two"), history[1]);
  }
}
