package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.nio.ImageInputStream;
import io.github.rbd4j.transfer.ImageExporter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Where the C API gives wrong results in silence; {@code docs/safety.md} has the rows by their
 * numbers. What the tests of a class say already is run there.
 */
@CephTest
class Hazards3IT {
  private static final long GIB = 1L << 30;

  private final CephCluster ceph;
  private final Rbd rbd;

  Hazards3IT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  private static byte[] read(Image image, long offset, int length) {
    byte[] back = new byte[length];
    assertThat(image.readAt(offset, back)).isEqualTo(length);
    return back;
  }

  @Test
  void h3_01_aTransferAcrossTheEnd() {
    Elsewhere.passes(ceph, ImageIoIT.class, "aWriteThatDoesNotFitWritesNothing");
    Elsewhere.passes(ceph, ImageIoIT.class, "aReadAcrossTheEndIsShort");
    Elsewhere.passes(ceph, AsyncIT.class, "theEndOfTheImageIsSeenAsBySynchronousCalls");
  }

  @Test
  void h3_02_aReadBehindTheEnd() {
    Elsewhere.passes(ceph, ImageIoIT.class, "aReadAtOrBehindTheEndIsMinusOne");
  }

  @Test
  void h3_03_anImageThatAnotherClientShrinks() {
    Elsewhere.passes(ceph, ImageIoIT.class, "anImageThatAnotherClientShrinksGivesItsNewEnd");
  }

  @Test
  void h3_04_transfersOfMoreThanTwoGibibytes() {
    Elsewhere.passes(ceph, ImageIoIT.class, "transfersOfMoreThanTwoGibibytesAreWhole");
  }

  @Test
  void h3_08_whatACompareAndWriteCompares() {
    Elsewhere.passes(ceph, ImageIoIT.class, "compareAndWriteWritesOnlyWhatMatches");
    Elsewhere.passes(ceph, ImageIoIT.class, "compareAndWriteSaysWhereTheDifferenceIsInAnyObject");
  }

  @Test
  void h3_10_anOperationThatDoesNotStop() {
    Elsewhere.passes(ceph, UpcallIT.class, "whatAListenerThrowsComesOutOfAShrink");
    Elsewhere.passes(ceph, CopyIT.class, "whatTheListenerThrowsComesOutWhenTheCopyIsDone");
  }

  @Test
  void h3_11_progressOnThreadsOfLibrbd() {
    Elsewhere.passes(ceph, UpcallIT.class, "aStackOverflowInAListenerComesOut");
    Elsewhere.passes(ceph, UpcallIT.class, "progressIsToldInOrderAndToTheEnd");
  }

  @Test
  void h3_12_aDiffThatWasStopped() {
    Elsewhere.passes(ceph, DiffIT.class, "aVisitorThatHasEnoughIsNotCalledAgain");
    Elsewhere.passes(ceph, DiffIT.class, "anOffsetBehindTheEndIsRefused");
  }

  @Test
  void h3_13_anEmptySnapshotName() {
    Elsewhere.passes(ceph, SnapshotIT.class, "impossibleNamesAreRefused");
  }

  @Test
  void h3_14_groupsAndMembersThatAreMissing() {
    Elsewhere.passes(ceph, GroupIT.class, "aMissingGroupIsSaid");
    Elsewhere.passes(ceph, GroupIT.class, "impossibleMembersAreRefused");
  }

  @Test
  void h3_16_whatTheUsersOfAHandleShare() {
    Elsewhere.passes(ceph, NamespacesIT.class, "anotherNamespaceOfAnOpenPoolIsOneCallAway");
    Elsewhere.passes(ceph, SnapshotIT.class, "theImageShowsTheSnapshotThatIsSet");
  }

  @Test
  void h3_17_twoHandlesOfOneImage() {
    Elsewhere.passes(ceph, LocksIT.Managed.class, "whoeverDoesNotHoldAnAcquiredLockCannotWrite");
    Elsewhere.passes(ceph, LocksIT.Managed.class, "aLockThatNobodyAcquiredMovesToWhoeverWrites");
  }

  @Test
  void h3_18_theChildrenOfASnapshot() {
    Elsewhere.passes(ceph, FamilyIT.class, "theFamilyIsThatOfTheSnapshotThatTheImageShows");
  }

  @Test
  void h3_19_aSnapshotThatMovesToTheTrash() {
    Elsewhere.passes(ceph, FamilyIT.class, "aRemovedSnapshotWithClonesGoesToTheTrash");
  }

  @Test
  void h3_20_errorsOfEncryption() {
    Elsewhere.passes(ceph, EncryptionIT.class, "onlyTheRightPassphraseAndFormatOpenAnImage");
    Elsewhere.passes(ceph, EncryptionIT.class, "aFormatThatFailsLeavesTheEncryptionUnloaded");
    Elsewhere.passes(ceph, EncryptionIT.class, "differencesAreThoseOfTheData");
  }

  @Test
  void h3_21_theLimitOfSnapshots() {
    Elsewhere.passes(ceph, SnapshotIT.class, "theLimitHoldsUntilItIsTakenAway");
  }

  @Test
  void h3_22_snapshotsOfAGroupThatAreMany() {
    Elsewhere.passes(ceph, GroupIT.class, "manySnapshotsAreListedOnce");
  }

  @Test
  void h3_23_anOptionThatCephDoesNotHave() {
    Elsewhere.passes(ceph, ClusterIT.class, "optionsAreSetAndUnknownOnesAreNamed");
  }

  @Test
  void h3_26_aRollbackToASnapshotWhoseObjectMapIsNotValid() {
    Elsewhere.passes(ceph, SnapshotIT.class, "anObjectMapThatIsNotValidIsNotRolledBackTo");
    Elsewhere.passes(ceph, GroupIT.class, "anObjectMapThatIsNotValidIsNotRolledBackTo");
  }

  @Test
  void h3_28_copiesWhileASnapshotIsBeingRemoved() {
    Elsewhere.passes(ceph, RemovedSnapshotsIT.class, "aDeepCopyWaitsUntilSnapshotsAreRemoved");
    Elsewhere.passes(ceph, RemovedSnapshotsIT.class, "aDeepCopyThatLacksDataIsReportedAndRemoved");
    Elsewhere.passes(ceph, RemovedSnapshotsIT.class, "aMigrationThatLacksDataIsNotCommitted");
  }

  /** In C a discard or a repeated pattern of more than 2 GiB is an error. */
  @Test
  void h3_05_rangesOfMoreThanTwoGibibytes() throws Exception {
    String name = Names.unique("hazard");
    long size = 5 * GIB;
    ImageOptions options = new ImageOptions().order(25);
    rbd.create(name, size, options);
    try (Image image = rbd.open(name)) {
      byte[] mark = {1, 2, 3, 4};
      image.writeAt(0, mark);
      image.writeAt(3 * GIB, mark);
      image.writeAt(size - 4, mark);
      image.discard(0, size);
      assertThat(read(image, 0, 4)).containsOnly(0);
      assertThat(read(image, 3 * GIB, 4)).containsOnly(0);
      assertThat(read(image, size - 4, 4)).containsOnly(0);
      image.writeAt(size - 4, mark);
      image.writeZeroes(0, size);
      assertThat(read(image, size - 4, 4)).containsOnly(0);
      image.writeAt(size - 4, mark);
      image.async().discard(0, size).get();
      assertThat(read(image, size - 4, 4)).containsOnly(0);
    }
    rbd.remove(name);
  }

  /** What is more than 0 in C is a success, and here nothing or a count of bytes. */
  @Test
  void h3_06_resultsThatAreLengthsAreNoErrors() {
    String name = Names.unique("hazard");
    rbd.create(name, 8 << 20);
    try (Image image = rbd.open(name)) {
      image.discard(0, 4 << 20);
      image.writeZeroes(0, 4096);
      image.writeSame(0, 4096, new byte[512]);
      image.writeAt(0, new byte[4096]);
      assertThat(image.compareAndWrite(0, new byte[512], new byte[512])).isEmpty();
      assertThat(image.readAt(0, new byte[4096])).isEqualTo(4096);
      image.createSnapshot("s");
      assertThat(image.snapshots()).hasSize(1);
      image.snapshot("s").remove();
    }
    assertThat(rbd.list()).anyMatch(i -> i.name().equals(name));
    rbd.remove(name);
  }

  /** A discard may leave what is smaller than its granularity; writeZeroes does not. */
  @Test
  void h3_07_zeroesOfAnyLengthAreZeroes() {
    String name = Names.unique("hazard");
    rbd.create(name, 8 << 20);
    try (Image image = rbd.open(name)) {
      byte[] data = Checks.random(128 << 10, 7);
      for (int length : List.of(1, 511, 4096, 65535, 65537)) {
        image.writeAt(0, data);
        image.writeZeroes(1000, length);
        byte[] expected = data.clone();
        Arrays.fill(expected, 1000, 1000 + length, (byte) 0);
        assertThat(read(image, 0, data.length)).isEqualTo(expected);
        image.discard(1000, length); // zero or not: nothing around it may change
        assertThat(read(image, 0, data.length)).isEqualTo(expected);
      }
    }
    rbd.remove(name);
  }

  /** A heap array is copied before the call returns; only native memory has to stay as it is. */
  @Test
  void h3_09_anArrayMayBeUsedAgainAtOnce() {
    String name = Names.unique("hazard");
    rbd.create(name, 8 << 20);
    try (Image image = rbd.open(name)) {
      byte[] data = new byte[4096];
      List<CompletableFuture<Void>> writes = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        Arrays.fill(data, (byte) i);
        writes.add(image.async().write(i * 4096L, MemorySegment.ofArray(data)));
      }
      Arrays.fill(data, (byte) -1);
      CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
      for (int i = 0; i < 64; i++) {
        assertThat(read(image, i * 4096L, 4096)).containsOnly(i);
      }
    }
    rbd.remove(name);
  }

  @Test
  void h3_15_sizesThatCannotBe() {
    String name = Names.unique("hazard");
    for (long size : List.of(-1L, Long.MIN_VALUE)) {
      assertThatThrownBy(() -> rbd.create(name, size)).isInstanceOf(IllegalArgumentException.class);
    }
    rbd.create(name, 4 << 20);
    try (Image image = rbd.open(name)) {
      assertThatThrownBy(() -> image.resize(-1, true)).isInstanceOf(IllegalArgumentException.class);
      for (long offset : List.of(-1L, Long.MIN_VALUE)) {
        assertThatThrownBy(() -> image.readAt(offset, new byte[1]))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> image.discard(offset, 1))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThat(image.readAt(Long.MAX_VALUE, new byte[1])).isEqualTo(-1);
      assertThatThrownBy(() -> image.writeAt(Long.MAX_VALUE, new byte[1]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> image.discard(1, Long.MAX_VALUE))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> image.async().write(Long.MAX_VALUE, Arena.ofAuto().allocate(1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(image.size()).isEqualTo(4 << 20);
    }
    rbd.remove(name);
    // A name that the cluster cannot store is its error, not a crash.
    assertThatThrownBy(() -> rbd.create("x".repeat(6000), 4096))
        .isInstanceOf(RbdException.class)
        .hasMessageContaining("ENAMETOOLONG");
  }

  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void h3_24_objectsOfTwoClusters() {
    Elsewhere.passes(ceph, TwoClustersIT.class, "objectsOfAnotherClusterAreRefused");
  }

  /** Each block that two threads would give back is in use twice from then on, by anybody. */
  @Test
  void h3_27_streamsThatThreadsShare() throws Exception {
    String name = Names.unique("shared");
    int size = 64 << 20;
    rbd.create(name, size);
    byte[] data = Bytes.random(size, 27);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, data);
      for (int round = 0; round < 8; round++) {
        try (ImageInputStream in = new ImageInputStream(image)) {
          List<Thread> readers = new ArrayList<>();
          AtomicLong read = new AtomicLong();
          for (int i = 0; i < 4; i++) {
            readers.add(Thread.ofPlatform().start(() -> read.addAndGet(drain(in))));
          }
          for (Thread reader : readers) {
            reader.join();
          }
          assertThat(read).hasValue(size);
        }
        ImageInputStream closed = new ImageInputStream(image);
        Thread reader = Thread.ofPlatform().start(() -> drain(closed));
        closed.close();
        reader.join();
      }
      List<CompletableFuture<byte[]>> exports = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        exports.add(CompletableFuture.supplyAsync(() -> export(name)));
      }
      for (CompletableFuture<byte[]> export : exports) {
        Bytes.assertEqual(export.join(), data);
      }
    }
    rbd.remove(name);
  }

  private static long drain(ImageInputStream in) {
    byte[] some = new byte[1 << 20];
    long all = 0;
    try {
      for (int count = in.read(some); count >= 0; count = in.read(some)) {
        all += count;
      }
    } catch (IOException closed) {
      return all;
    }
    return all;
  }

  private byte[] export(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      new ImageExporter(rbd).raw(name, null, Channels.newChannel(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
