package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.github.rbd4j.ArgumentOutOfRangeException;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.OperationFeature;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuotaExceededException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.SnapshotRemoveFlag;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Snapshots: taken, named, protected, read, rolled back to, removed. */
@CephTest
class SnapshotIT {
  private static final int MIB = 1 << 20;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("snapshot");
  private Image image;

  SnapshotIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void open() {
    ImageOptions options = new ImageOptions();
    rbd.create(name, 4 * MIB, options.order(20));
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.unsetSnapshot();
    for (SnapshotInfo info : image.snapshots()) {
      image
          .snapshot(info.name())
          .remove(EnumSet.allOf(SnapshotRemoveFlag.class), ProgressListener.NONE);
    }
    image.close();
    rbd.remove(name);
  }

  private String object(String snapshot) {
    return "snapshot rbd/" + name + "@" + snapshot;
  }

  private static byte[] read(Image source, long offset, int length) {
    byte[] bytes = new byte[length];
    assertThat(source.readAt(offset, bytes)).isEqualTo(length);
    return bytes;
  }

  private void clone(String snapshot, String child, int format) {
    ImageOptions options = new ImageOptions();
    rbd.clone(name, snapshot, rbd, child, options.cloneFormat(format));
  }

  @Test
  void theListTellsWhatTheToolTells() {
    assertThat(image.snapshots()).isEmpty();
    image.createSnapshot("first");
    image.resize(5 * MIB, false);
    image.createSnapshot("second");
    List<Map<String, Object>> told =
        Json.objects(ceph.rbd("snap", "list", "--format", "json", name));
    assertThat(told).hasSize(2);
    List<SnapshotInfo> expected = new ArrayList<>();
    for (Map<String, Object> snapshot : told) {
      expected.add(
          new SnapshotInfo(
              (Long) snapshot.get("id"),
              (String) snapshot.get("name"),
              (Long) snapshot.get("size")));
    }
    assertThat(image.snapshots()).isEqualTo(expected);
    assertThat(image.snapshots())
        .extracting(SnapshotInfo::name, SnapshotInfo::size)
        .containsExactly(tuple("first", 4L * MIB), tuple("second", 5L * MIB));
  }

  @Test
  void aHundredAndFiftySnapshotsAreAllListed() throws Exception {
    Set<String> names = new TreeSet<>();
    for (int i = 0; i < 150; i++) {
      names.add("snap-" + i);
    }
    forEachAtOnce(
        names,
        snapshot ->
            image.createSnapshot(
                snapshot, EnumSet.of(SnapshotCreateFlag.SKIP_QUIESCE), ProgressListener.NONE));
    assertThat(image.snapshots())
        .extracting(SnapshotInfo::name)
        .containsExactlyInAnyOrderElementsOf(names);
    assertThat(image.snapshots()).extracting(SnapshotInfo::id).isSorted().doesNotHaveDuplicates();
    forEachAtOnce(names, snapshot -> image.snapshot(snapshot).remove());
    assertThat(image.snapshots()).isEmpty();
  }

  /** The monitors take many changes in one round, so that this is much faster than one by one. */
  private static void forEachAtOnce(Set<String> names, Consumer<String> action) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      List<Future<?>> futures = new ArrayList<>();
      for (String each : names) {
        futures.add(threads.submit(() -> action.accept(each)));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    }
  }

  @Test
  void aSnapshotKnowsItsNameImageIdAndExistence() {
    Snapshot snapshot = image.snapshot("s");
    assertThat(snapshot.exists()).isFalse();
    assertThat(image.createSnapshot("s").name()).isEqualTo("s");
    assertThat(snapshot.exists()).isTrue();
    assertThat(snapshot.name()).isEqualTo("s");
    assertThat(snapshot.image()).isSameAs(image);
    assertThat(snapshot.id()).isEqualTo(image.snapshots().getFirst().id());
    assertThat(snapshot).hasToString(object("s"));
    snapshot.remove();
    assertThat(snapshot.exists()).isFalse();
    assertThat(image.snapshots()).isEmpty();
  }

  @Test
  void aSnapshotOfAnotherHandleIsSeen() {
    ceph.rbd("snap", "create", "--no-progress", name + "@outside");
    assertThat(image.snapshot("outside").exists()).isTrue();
    assertThat(image.snapshot("outside").timestamp())
        .isCloseTo(Instant.now(), within(30, ChronoUnit.SECONDS));
    ceph.rbd("snap", "remove", "--no-progress", name + "@outside");
    assertThat(image.snapshot("outside").exists()).isFalse();
  }

  @Test
  void namesOfAnyScriptAndLengthComeBack() {
    for (String snapshot : List.of("größe", "鍵🔑", "with spaces", "x".repeat(300), "-", "..")) {
      assertThat(image.createSnapshot(snapshot).exists()).as(snapshot).isTrue();
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly(snapshot);
      image.snapshot(snapshot).remove();
    }
  }

  @Test
  void impossibleNamesAreRefused() {
    for (String bad : List.of("", "a/b", "a@b", "a\0b")) {
      assertThatThrownBy(() -> image.createSnapshot(bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> image.createSnapshot(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.snapshot(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.snapshot("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.setSnapshot((String) null))
        .isInstanceOf(NullPointerException.class);
    // librbd takes an empty name for the image itself
    assertThatThrownBy(() -> image.setSnapshot("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.createSnapshot("s", Set.of(), null))
        .isInstanceOf(NullPointerException.class);
    assertThat(image.snapshots()).isEmpty();
    image.createSnapshot("s");
    assertThatThrownBy(() -> image.snapshot("s").rename("a@b"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.snapshot("s").rename(null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.snapshot("s").rollback(null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.snapshot("s").remove(Set.of(), null))
        .isInstanceOf(NullPointerException.class);
    assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("s");
  }

  @Test
  void everyFlagTakesASnapshot() {
    image.createSnapshot("a", EnumSet.of(SnapshotCreateFlag.SKIP_QUIESCE), new Checks.Progress());
    image.createSnapshot(
        "b", EnumSet.of(SnapshotCreateFlag.IGNORE_QUIESCE_ERROR), new Checks.Progress());
    image.createSnapshot("c", Set.of(), new Checks.Progress());
    assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("a", "b", "c");
  }

  @Test
  void aNameIsTakenOnce() {
    image.createSnapshot("s");
    Checks.fails(
        SnapshotExistsException.class,
        "EEXIST",
        17,
        "create",
        object("s"),
        () -> image.createSnapshot("s"));
    assertThat(image.snapshots()).hasSize(1);
  }

  @Test
  void theTimestampIsNow() {
    Instant before = Instant.now().minusSeconds(5);
    Snapshot snapshot = image.createSnapshot("s");
    assertThat(snapshot.timestamp()).isBetween(before, Instant.now().plusSeconds(5));
    assertThat(snapshot.timestamp()).isEqualTo(snapshot.timestamp());
  }

  @Test
  void theTimestampOfAMissingSnapshotIsNotFound() {
    // librbd of Ceph 16 aborts the process when asked this.
    for (int i = 0; i < 2; i++) {
      Checks.fails(
          SnapshotNotFoundException.class,
          "ENOENT",
          2,
          "get the timestamp of",
          object("none"),
          () -> image.snapshot("none").timestamp());
      Checks.fails(
          SnapshotNotFoundException.class,
          "ENOENT",
          2,
          "get the timestamp of",
          object("id:4711"),
          () -> image.snapshotTimestamp(4711));
      image.createSnapshot("none").remove();
    }
  }

  @Test
  void theTimestampIsToldAfterARenameOfTheImage() {
    Snapshot snapshot = image.createSnapshot("s");
    Instant timestamp = snapshot.timestamp();
    String other = Names.unique("renamed");
    rbd.rename(name, other);
    assertThat(snapshot.timestamp()).isEqualTo(timestamp);
    rbd.rename(other, name);
  }

  @Test
  void theTimestampIsToldOfAnImageInTheTrash() {
    Instant timestamp = image.createSnapshot("s").timestamp();
    String id = image.id();
    image.close();
    ceph.rbd("trash", "move", name);
    try (Image trashed = rbd.openById(id)) {
      assertThat(trashed.snapshot("s").timestamp()).isEqualTo(timestamp);
    } finally {
      ceph.rbd("trash", "restore", id);
      image = rbd.open(name);
    }
  }

  @Test
  void aMissingSnapshotIsNotFound() {
    Snapshot none = image.snapshot("none");
    Map<String, org.assertj.core.api.ThrowableAssert.ThrowingCallable> calls =
        Map.of(
            "get the id of", none::id,
            "remove", none::remove,
            "rename", () -> none.rename("other"),
            "roll back to", none::rollback,
            "protect", none::protect,
            "unprotect", none::unprotect,
            "look at the protection of", none::isProtected,
            "set", () -> image.setSnapshot("none"));
    calls.forEach(
        (operation, call) ->
            Checks.fails(
                SnapshotNotFoundException.class, "ENOENT", 2, operation, object("none"), call));
    Checks.fails(
        SnapshotNotFoundException.class,
        "ENOENT",
        2,
        "remove",
        object("id:4711"),
        () -> image.removeSnapshot(4711));
    Checks.fails(
        SnapshotNotFoundException.class,
        "ENOENT",
        2,
        "set",
        object("id:4711"),
        () -> image.setSnapshot(4711));
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "open",
        "image rbd/" + name + "@none",
        () -> rbd.open(name, OpenOptions.at("none")));
  }

  @Test
  void aSnapshotIsRemovedByItsId() {
    image.createSnapshot("a");
    long id = image.createSnapshot("b").id();
    image.removeSnapshot(id);
    assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("a");
  }

  @Test
  void aRenamedSnapshotKeepsItsIdAndTime() {
    Snapshot old = image.createSnapshot("old");
    long id = old.id();
    Instant timestamp = old.timestamp();
    Snapshot renamed = old.rename("new");
    assertThat(renamed.name()).isEqualTo("new");
    assertThat(renamed.id()).isEqualTo(id);
    assertThat(renamed.timestamp()).isEqualTo(timestamp);
    assertThat(old.exists()).isFalse();
    image.createSnapshot("third");
    Checks.fails(
        SnapshotExistsException.class,
        "EEXIST",
        17,
        "rename",
        object("new"),
        () -> renamed.rename("third"));
    Checks.fails(
        SnapshotExistsException.class,
        "EEXIST",
        17,
        "rename",
        object("new"),
        () -> renamed.rename("new"));
    assertThat(image.snapshots())
        .extracting(SnapshotInfo::name)
        .containsExactlyInAnyOrder("new", "third");
  }

  @Test
  void theLimitHoldsUntilItIsTakenAway() {
    assertThat(image.snapshotLimit()).isEqualTo(OptionalLong.empty());
    image.setSnapshotLimit(2);
    assertThat(image.snapshotLimit()).hasValue(2);
    image.createSnapshot("a");
    image.createSnapshot("b");
    Checks.fails(
        QuotaExceededException.class,
        "EDQUOT",
        122,
        "create",
        object("c"),
        () -> image.createSnapshot("c"));
    Checks.fails(
        ArgumentOutOfRangeException.class,
        "ERANGE",
        34,
        "set the snapshot limit of",
        "image rbd/" + name,
        () -> image.setSnapshotLimit(1)); // less than there are
    assertThat(image.snapshotLimit()).hasValue(2);
    image.removeSnapshotLimit();
    assertThat(image.snapshotLimit()).isEmpty();
    image.createSnapshot("c");
    assertThat(image.snapshots()).hasSize(3);
    assertThatThrownBy(() -> image.setSnapshotLimit(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aProtectedSnapshotStays() {
    Snapshot snapshot = image.createSnapshot("s");
    assertThat(snapshot.isProtected()).isFalse();
    Checks.fails(
        InvalidRequestException.class, "EINVAL", 22, "unprotect", object("s"), snapshot::unprotect);
    snapshot.protect();
    assertThat(snapshot.isProtected()).isTrue();
    assertThat(Json.objects(ceph.rbd("snap", "list", "--format", "json", name)).getFirst())
        .containsEntry("protected", "true");
    Checks.fails(ImageBusyException.class, "EBUSY", 16, "protect", object("s"), snapshot::protect);
    Checks.fails(ImageBusyException.class, "EBUSY", 16, "remove", object("s"), snapshot::remove);
    Checks.fails(
        ImageBusyException.class,
        "EBUSY",
        16,
        "remove",
        object("id:" + snapshot.id()),
        () -> image.removeSnapshot(snapshot.id()));
    snapshot.unprotect();
    assertThat(snapshot.isProtected()).isFalse();
    snapshot.remove();
    assertThat(image.snapshots()).isEmpty();
  }

  @Test
  void theFlagsUnprotectAndFlattenWhatIsInTheWay() {
    byte[] data = Checks.random(MIB, 1);
    image.writeAt(0, data);
    Snapshot snapshot = image.createSnapshot("s");
    snapshot.protect();
    snapshot.remove(EnumSet.of(SnapshotRemoveFlag.UNPROTECT), ProgressListener.NONE);
    assertThat(image.snapshots()).isEmpty();

    image.createSnapshot("s").protect();
    String child = Names.unique("clone");
    clone("s", child, 1);
    Checks.fails(
        ImageBusyException.class,
        "EBUSY",
        16,
        "unprotect",
        object("s"),
        () -> image.snapshot("s").unprotect());
    Checks.fails(
        ImageBusyException.class,
        "EBUSY",
        16,
        "remove",
        object("s"),
        () ->
            image
                .snapshot("s")
                .remove(EnumSet.of(SnapshotRemoveFlag.UNPROTECT), ProgressListener.NONE));
    Checks.Progress progress = new Checks.Progress();
    image.snapshot("s").remove(EnumSet.allOf(SnapshotRemoveFlag.class), progress);
    progress.assertPlausible();
    assertThat(image.snapshots()).isEmpty();
    try (Image flat = rbd.open(child)) {
      assertThat(flat.overlap()).isZero();
      assertThat(read(flat, 0, MIB)).isEqualTo(data);
    }
    rbd.remove(child);
  }

  @Test
  void aSnapshotWithAnUnprotectedCloneGoesToTheTrash() {
    image.writeAt(0, Checks.random(MIB, 2));
    image.createSnapshot("s");
    String child = Names.unique("clone");
    clone("s", child, 2);
    assertThat(image.operationFeatures()).containsExactly(OperationFeature.CLONE_PARENT);
    image.snapshot("s").remove();
    assertThat(image.snapshot("s").exists()).isFalse();
    assertThat(image.snapshots()).hasSize(1);
    assertThat(image.operationFeatures())
        .containsExactly(OperationFeature.CLONE_PARENT, OperationFeature.SNAP_TRASH);
    try (Image clone = rbd.open(child)) {
      assertThat(clone.operationFeatures()).containsExactly(OperationFeature.CLONE_CHILD);
      assertThat(read(clone, 0, MIB)).isEqualTo(Checks.random(MIB, 2));
    }
    rbd.remove(child); // takes the snapshot along
    Checks.await("the snapshot leaves the trash", () -> image.snapshots().isEmpty());
  }

  @Test
  void aRollbackRestoresEveryByteAndTheSize() {
    byte[] before = Checks.random(3 * MIB, 3);
    image.writeAt(MIB / 2, before);
    Snapshot snapshot = image.createSnapshot("s");
    image.writeAt(0, Checks.random(4 * MIB, 4));
    image.resize(6 * MIB, false);
    Checks.Progress progress = new Checks.Progress();
    snapshot.rollback(progress);
    progress.assertPlausible();
    assertThat(image.size()).isEqualTo(4 * MIB);
    assertThat(read(image, MIB / 2, before.length)).isEqualTo(before);
    assertThat(read(image, 0, MIB / 2)).containsOnly(0);
    assertThat(read(image, 3 * MIB + MIB / 2, MIB / 2)).containsOnly(0);
    image.writeAt(0, new byte[] {1});
    snapshot.rollback();
    assertThat(read(image, 0, 1)).containsExactly(0);
  }

  @Test
  void anObjectMapThatIsNotValidIsNotRolledBackTo() {
    byte[] before = Checks.random(4 * MIB, 3);
    image.writeAt(0, before);
    Snapshot snapshot = image.createSnapshot("s");
    Set<Feature> map = EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF);
    image.updateFeatures(map, false);
    image.updateFeatures(map, true);
    image.rebuildObjectMap(); // that of the image; the one of the snapshot is as invalid as before
    assertThat(image.flags()).isEmpty();
    snapshot.rollback();
    assertThat(image.flags()).isEmpty();
    assertThat(read(image, 0, 4 * MIB)).isEqualTo(before);
    image.discard(0, 4 * MIB);
    try (Image other = rbd.openReadOnly(name)) {
      image.flush();
      assertThat(read(other, 0, 4 * MIB)).containsOnly(0);
    }
  }

  @Test
  void whatAListenerThrowsComesOutOfTheRollback() {
    Snapshot snapshot = image.createSnapshot("s");
    image.writeAt(0, Checks.random(4 * MIB, 5));
    RuntimeException mine = new RuntimeException("mine");
    assertThatThrownBy(
            () ->
                snapshot.rollback(
                    (done, total) -> {
                      throw mine;
                    }))
        .isSameAs(mine);
    snapshot.rollback(); // and the image is as usable as before
    assertThat(read(image, 0, 4 * MIB)).containsOnly(0);
  }

  @Test
  void aListenerCannotBlockOnTheImage() {
    Snapshot snapshot = image.createSnapshot("s");
    assertThatThrownBy(() -> snapshot.rollback((done, total) -> image.flush()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("callback");
  }

  @Test
  void theImageShowsTheSnapshotThatIsSet() {
    byte[] old = Checks.random(MIB, 6);
    byte[] now = Checks.random(MIB, 7);
    image.writeAt(0, old);
    Snapshot first = image.createSnapshot("first");
    image.writeAt(0, now);
    image.resize(8 * MIB, false);

    image.setSnapshot("first");
    assertThat(read(image, 0, MIB)).isEqualTo(old);
    assertThat(image.size()).isEqualTo(4 * MIB);
    assertThatThrownBy(() -> image.writeAt(0, new byte[1]))
        .isInstanceOf(ReadOnlyImageException.class);
    image.unsetSnapshot();
    assertThat(read(image, 0, MIB)).isEqualTo(now);
    assertThat(image.size()).isEqualTo(8 * MIB);

    image.setSnapshot(first.id());
    assertThat(read(image, 0, MIB)).isEqualTo(old);
    image.unsetSnapshot();
    image.writeAt(0, new byte[1]);
    assertThat(read(image, 0, 1)).containsExactly(0);
  }

  @Test
  void anImageOpenedAtASnapshotShowsItAndIsNotWritten() {
    byte[] old = Checks.random(MIB, 8);
    image.writeAt(0, old);
    image.createSnapshot("s");
    image.writeAt(0, Checks.random(MIB, 9));
    for (OpenOptions options :
        List.of(OpenOptions.at("s"), new OpenOptions(false, "s"), new OpenOptions(true, "s"))) {
      try (Image snapshot = rbd.open(name, options)) {
        assertThat(read(snapshot, 0, MIB)).isEqualTo(old);
        assertThat(snapshot).hasToString("image rbd/" + name + "@s");
        assertThatThrownBy(() -> snapshot.writeAt(0, new byte[1]))
            .isInstanceOf(ReadOnlyImageException.class)
            .hasMessageContaining("rbd/" + name + "@s");
      }
      try (Image snapshot = rbd.openById(image.id(), options)) {
        assertThat(read(snapshot, 0, MIB)).isEqualTo(old);
      }
    }
  }

  @Test
  void aReadOnlyImageTakesNoSnapshotAndKeepsItsOwn() {
    image.createSnapshot("s");
    try (Image readOnly = rbd.openReadOnly(name)) {
      assertThat(readOnly.snapshots()).hasSize(1);
      assertThat(readOnly.snapshot("s").timestamp()).isEqualTo(image.snapshot("s").timestamp());
      Checks.fails(
          ReadOnlyImageException.class,
          "EROFS",
          30,
          "create",
          object("t"),
          () -> readOnly.createSnapshot("t"));
      Checks.fails(
          ReadOnlyImageException.class,
          "EROFS",
          30,
          "remove",
          object("s"),
          () -> readOnly.snapshot("s").remove());
      Checks.fails(
          ReadOnlyImageException.class,
          "EROFS",
          30,
          "roll back to",
          object("s"),
          () -> readOnly.snapshot("s").rollback());
    }
    assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("s");
  }

  @Test
  void anImageWithSnapshotsIsNotRemoved() {
    image.createSnapshot("s");
    image.close();
    Checks.fails(
        ImageHasSnapshotsException.class,
        "ENOTEMPTY",
        39,
        "remove",
        "image rbd/" + name,
        () -> rbd.remove(name));
    image = rbd.open(name);
    assertThat(image.snapshots()).hasSize(1);
  }

  @Test
  void aSnapshotEndsWithItsImage() {
    Snapshot snapshot = image.createSnapshot("s");
    image.close();
    assertThatThrownBy(snapshot::exists)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(snapshot::timestamp).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(snapshot::remove).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(image::snapshots).isInstanceOf(IllegalStateException.class);
    image = rbd.open(name);
    assertThat(image.snapshots()).hasSize(1);
  }

  @Test
  void theNameIsFoundByTheId() {
    String longName = "s".repeat(300); // longer than the first guess of the buffer
    long id = image.createSnapshot(longName).id();
    assertThat(image.snapshotName(id)).isEqualTo(longName);
    assertThatThrownBy(() -> image.snapshotName(id + 1000))
        .isExactlyInstanceOf(SnapshotNotFoundException.class);
    image.snapshot(longName).remove();
  }
}
