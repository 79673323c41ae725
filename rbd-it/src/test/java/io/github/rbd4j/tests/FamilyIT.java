package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageParent;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.LinkedImage;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.OperationFeature;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespace;
import io.github.rbd4j.SnapshotNamespaceType;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.SnapshotRemoveFlag;
import io.github.rbd4j.TrashEntry;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clones share the data of their parents, know them, and can be made independent of them. */
@CephTest
class FamilyIT {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 4 * MIB;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd whole;
  private final IoContext io;
  private final Rbd rbd;
  private final String namespace = Names.unique("family");
  private final byte[] data = Bytes.random(SIZE, 1);
  private Image parent;
  private Snapshot snapshot;

  FamilyIT(CephCluster ceph, Cluster cluster, Rbd whole) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.whole = whole;
    whole.namespaces().create(namespace);
    this.io = cluster.ioContext("rbd", namespace);
    this.rbd = new Rbd(io);
  }

  @BeforeEach
  void createParent() {
    ImageOptions options = new ImageOptions().order(20);
    rbd.create("parent", SIZE, options);
    parent = rbd.open("parent");
    parent.writeAt(0, data);
    snapshot = parent.createSnapshot("s");
  }

  @AfterEach
  void remove() {
    parent.close();
    for (TrashEntry entry : rbd.trash().list()) {
      rbd.trash().restore(entry.id(), entry.name());
    }
    for (String name : List.of("grandchild", "child2", "child", "parent")) {
      if (rbd.exists(name)) {
        removeWithSnapshots(name);
      }
    }
    io.close();
    whole.namespaces().remove(namespace);
  }

  private void removeWithSnapshots(String name) {
    try (Image image = rbd.open(name)) {
      for (SnapshotInfo info : image.snapshots()) {
        if (image.snapshotNamespace(info.id()).type() == SnapshotNamespaceType.USER) {
          image
              .snapshot(info.name())
              .remove(
                  EnumSet.of(SnapshotRemoveFlag.UNPROTECT, SnapshotRemoveFlag.FLATTEN),
                  ProgressListener.NONE);
        }
      }
    }
    rbd.remove(name);
  }

  private void cloneTo(String child) {
    cloneOf("parent", "s", child);
  }

  private void cloneOf(String image, String snap, String child) {
    ImageOptions options = new ImageOptions().cloneFormat(2);
    rbd.clone(image, snap, rbd, child, options);
  }

  private static List<String> names(List<LinkedImage> images) {
    return images.stream().map(LinkedImage::name).toList();
  }

  @Test
  void aCloneOfVersion1NeedsAProtectedSnapshot() {
    ImageOptions options = new ImageOptions().cloneFormat(1);
    assertThatThrownBy(() -> rbd.clone("parent", "s", rbd, "child", options))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("/parent@s to ")
        .hasMessageContaining("/child");
    snapshot.protect();
    rbd.clone("parent", "s", rbd, "child", options);
    assertThatThrownBy(() -> snapshot.unprotect()).isInstanceOf(ImageBusyException.class);
    assertThatThrownBy(() -> snapshot.remove()).isInstanceOf(ImageBusyException.class);
    assertThat(snapshot.isProtected()).isTrue();
    try (Image child = rbd.open("child")) {
      assertThat(child.operationFeatures()).doesNotContain(OperationFeature.CLONE_CHILD);
      Bytes.assertEqual(Bytes.of(child), data);
    }
    assertThat(names(parent.children())).containsExactly("child");
    rbd.remove("child");
    snapshot.unprotect();
    snapshot.remove();
    assertThat(parent.snapshots()).isEmpty();
  }

  @Test
  void aCloneOfVersion2NeedsNoProtection() {
    cloneTo("child");
    assertThat(snapshot.isProtected()).isFalse();
    try (Image child = rbd.open("child")) {
      assertThat(child.operationFeatures()).containsExactly(OperationFeature.CLONE_CHILD);
      assertThat(parent.operationFeatures()).containsExactly(OperationFeature.CLONE_PARENT);
      assertThat(child.overlap()).isEqualTo(SIZE);
      Bytes.assertEqual(Bytes.of(child), data);
      byte[] own = Bytes.random(5000, 2);
      child.writeAt(MIB - 2500, own);
      Bytes.assertEqual(Bytes.of(child, MIB - 2500, 5000), own);
      Bytes.assertEqual(Bytes.of(child, 0, 1000), Bytes.of(parent, 0, 1000));
      Bytes.assertEqual(Bytes.of(parent), data);
    }
  }

  @Test
  void aCloneKnowsItsParentAndTheParentItsClone() {
    cloneTo("child");
    try (Image child = rbd.open("child")) {
      ImageParent known = child.parent().orElseThrow();
      assertThat(known.image())
          .isEqualTo(
              new LinkedImage(
                  rbd.ioContext().poolId(), "rbd", namespace, parent.id(), "parent", false));
      assertThat(known.snapshotId()).isEqualTo(snapshot.id());
      assertThat(known.snapshotName()).isEqualTo("s");
      assertThat(known.snapshotType()).isEqualTo(SnapshotNamespaceType.USER);
      assertThat(known.snapshotTypeValue()).isEqualTo(SnapshotNamespaceType.USER.value());
      assertThat(parent.children())
          .containsExactly(
              new LinkedImage(
                  rbd.ioContext().poolId(), "rbd", namespace, child.id(), "child", false));
    }
    assertThat(
            ceph.rbd("children", "--snap", "s", "rbd/" + namespace + "/parent", "--format", "json"))
        .contains("\"image\":\"child\"");
  }

  /** With "auto" it depends on what the cluster asks of its clients, as the program sees it. */
  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "auto"})
  void theFormatOfACloneIsThatOfTheConfiguration(String format) {
    try (Cluster own = ceph.client().option("rbd_default_clone_format", format).connect();
        IoContext ownIo = own.ioContext("rbd", namespace)) {
      Rbd cloning = new Rbd(ownIo);
      if (theProgramClones(format)) {
        cloning.clone("parent", "s", cloning, "child2", new ImageOptions());
        assertThat(names(parent.children())).contains("child2");
      } else {
        assertThatThrownBy(
                () -> cloning.clone("parent", "s", cloning, "child2", new ImageOptions()))
            .isInstanceOf(InvalidRequestException.class);
      }
    }
  }

  private boolean theProgramClones(String format) {
    String pool = "rbd/" + namespace;
    try {
      ceph.rbd("--rbd-default-clone-format", format, "clone", pool + "/parent@s", pool + "/child");
      return true;
    } catch (IllegalStateException refused) {
      assertThat(refused).hasMessageContaining("Invalid argument");
      return false;
    }
  }

  @Test
  void anImageThatIsNoCloneHasNoFamily() {
    assertThat(parent.parent()).isEmpty();
    assertThat(parent.children()).isEmpty();
    assertThat(parent.descendants()).isEmpty();
    assertThat(parent.overlap()).isZero();
    assertThatThrownBy(() -> parent.flatten(ProgressListener.NONE))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("flatten image rbd/" + namespace + "/parent");
  }

  @Test
  void aCloneCanLieInAnotherPoolWithOptionsOfItsOwn() {
    try (SecondPool pool = new SecondPool(cluster)) {
      ImageOptions options =
          new ImageOptions()
              .cloneFormat(2)
              .order(21)
              .features(EnumSet.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK))
              .dataPool("rbd");
      rbd.clone("parent", "s", pool.rbd(), "away", options);
      try (Image child = pool.rbd().open("away")) {
        assertThat(child.info().order()).isEqualTo(21);
        assertThat(child.features())
            .contains(Feature.LAYERING, Feature.EXCLUSIVE_LOCK, Feature.DATA_POOL)
            .doesNotContain(Feature.OBJECT_MAP, Feature.DEEP_FLATTEN);
        assertThat(child.dataPoolId()).isEqualTo(io.poolId());
        Bytes.assertEqual(Bytes.of(child), data);
        ImageParent known = child.parent().orElseThrow();
        assertThat(known.image().poolName()).isEqualTo("rbd");
        assertThat(known.image().namespace()).isEqualTo(namespace);
        assertThat(parent.children())
            .containsExactly(
                new LinkedImage(pool.io().poolId(), pool.name(), "", child.id(), "away", false));
      }
      pool.rbd().remove("away");
    }
  }

  @Test
  void aCloneCanLieInAnotherNamespace() {
    String other = Names.unique("other");
    whole.namespaces().create(other);
    try (IoContext elsewhere = io.withNamespace(other)) {
      Rbd target = new Rbd(elsewhere);
      ImageOptions options = new ImageOptions().cloneFormat(2);
      rbd.clone("parent", "s", target, "parent", options);
      try (Image child = target.open("parent")) {
        assertThat(child.parent().orElseThrow().image().namespace()).isEqualTo(namespace);
        Bytes.assertEqual(Bytes.of(child), data);
      }
      assertThat(parent.children())
          .singleElement()
          .satisfies(child -> assertThat(child.namespace()).isEqualTo(other));
      target.remove("parent");
    }
    whole.namespaces().remove(other);
  }

  @Test
  void whatIsMissingOrTakenIsSaid() {
    ImageOptions options = new ImageOptions().cloneFormat(2);
    assertThatThrownBy(() -> rbd.clone("nobody", "s", rbd, "child", options))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> rbd.clone("parent", "none", rbd, "child", options))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("/parent@none");
    assertThatThrownBy(() -> rbd.clone("parent", "s", rbd, "parent", options))
        .isInstanceOf(ImageExistsException.class);
    assertThatThrownBy(() -> rbd.clone("parent", "s", rbd, "a/b", options))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rbd.clone("", "s", rbd, "child", options))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(rbd.exists("child")).isFalse();
  }

  @Test
  void aSnapshotCanBeClonedByItsId() {
    ImageOptions options = new ImageOptions().cloneFormat(2);
    long id = snapshot.id();
    if (NativeSymbols.has("rbd_clone4")) {
      rbd.clone("parent", id, rbd, "child", options);
      try (Image child = rbd.open("child")) {
        assertThat(child.parent().orElseThrow().snapshotId()).isEqualTo(id);
        Bytes.assertEqual(Bytes.of(child), data);
      }
      assertThatThrownBy(() -> rbd.clone("parent", id + 1000, rbd, "child2", options))
          .isInstanceOf(ImageNotFoundException.class);
    } else {
      assertUnsupported("rbd_clone4", () -> rbd.clone("parent", id, rbd, "child", options));
    }
  }

  @Test
  void theFamilyIsThatOfTheSnapshotThatTheImageShows() {
    Snapshot later = parent.createSnapshot("later");
    cloneTo("child");
    cloneOf("parent", "later", "child2");
    try (Image child = rbd.open("child")) {
      child.createSnapshot("c");
    }
    cloneOf("child", "c", "grandchild");
    assertThat(names(parent.children())).containsExactlyInAnyOrder("child", "child2");
    assertThat(names(parent.descendants()))
        .containsExactlyInAnyOrder("child", "child2", "grandchild");
    parent.setSnapshot("s");
    assertThat(names(parent.children())).containsExactly("child");
    assertThat(names(parent.descendants())).containsExactlyInAnyOrder("child", "grandchild");
    parent.setSnapshot(later.id());
    assertThat(names(parent.children())).containsExactly("child2");
    assertThat(names(parent.descendants())).containsExactly("child2");
    parent.unsetSnapshot();
    assertThat(parent.children()).hasSize(2);
  }

  @Test
  void aLargeFamilyIsWhole() {
    List<String> names = new java.util.ArrayList<>();
    for (int i = 0; i < 20; i++) {
      names.add("many-" + i);
      cloneTo(names.getLast());
    }
    assertThat(names(parent.children())).containsExactlyInAnyOrderElementsOf(names);
    assertThat(names(parent.descendants())).containsExactlyInAnyOrderElementsOf(names);
    names.forEach(rbd::remove);
    assertThat(parent.children()).isEmpty();
  }

  @Test
  void aCloneInTheTrashIsStillAClone() {
    cloneTo("child");
    rbd.trash().move("child", Duration.ofHours(1));
    assertThat(parent.children())
        .singleElement()
        .satisfies(child -> assertThat(child.inTrash()).isTrue())
        .satisfies(child -> assertThat(child.name()).isEqualTo("child"));
    assertThat(parent.descendants()).allMatch(LinkedImage::inTrash).hasSize(1);
  }

  @Test
  void aFlattenedCloneNeedsItsParentNoMore() {
    cloneTo("child");
    try (Image child = rbd.open("child")) {
      Progress progress = new Progress();
      child.flatten(progress);
      progress.assertWent();
      assertThat(child.parent()).isEmpty();
      assertThat(child.overlap()).isZero();
      assertThat(parent.children()).isEmpty();
      snapshot.remove();
      assertThat(parent.snapshots()).isEmpty();
      parent.writeZeroes(0, SIZE);
      Bytes.assertEqual(Bytes.of(child), data);
      assertThatThrownBy(() -> child.flatten(ProgressListener.NONE))
          .isInstanceOf(InvalidRequestException.class);
    }
  }

  @Test
  void withDeepFlattenTheSnapshotsOfACloneAreFreedToo() {
    for (boolean deep : new boolean[] {true, false}) {
      String name = deep ? "child" : "child2";
      ImageOptions options = new ImageOptions().cloneFormat(2);
      Set<Feature> feature = Set.of(Feature.DEEP_FLATTEN);
      rbd.clone(
          "parent",
          "s",
          rbd,
          name,
          deep ? options.addFeatures(feature) : options.withoutFeatures(feature));
      try (Image child = rbd.open(name)) {
        assertThat(child.features().contains(Feature.DEEP_FLATTEN)).isEqualTo(deep);
        child.createSnapshot("c");
        child.flatten(ProgressListener.NONE);
        assertThat(child.parent()).isEmpty();
      }
      try (Image old = rbd.open(name, OpenOptions.at("c"))) {
        assertThat(old.parent().isEmpty()).isEqualTo(deep);
        Bytes.assertEqual(Bytes.of(old), data);
      }
    }
    assertThat(names(parent.children())).containsExactly("child2");
  }

  @Test
  void aRemovedSnapshotWithClonesGoesToTheTrash() {
    cloneTo("child");
    long id = snapshot.id();
    assertThat(parent.snapshotNamespace(id)).isEqualTo(new SnapshotNamespace.User());
    Instant taken = parent.snapshotTimestamp(id);
    assertThat(snapshot.timestamp()).isEqualTo(taken);
    snapshot.remove();
    assertThat(parent.snapshotTimestamp(id)).isEqualTo(taken);
    assertThat(snapshot.exists()).isFalse();
    assertThat(parent.snapshots())
        .singleElement()
        .satisfies(info -> assertThat(info.id()).isEqualTo(id))
        .satisfies(info -> assertThat(info.name()).isNotEqualTo("s"));
    assertThat(parent.snapshotNamespace(id))
        .isEqualTo(
            new SnapshotNamespace.Trash(
                "s", SnapshotNamespaceType.USER, SnapshotNamespaceType.USER.value()));
    assertThat(parent.operationFeatures()).contains(OperationFeature.SNAP_TRASH);
    try (Image child = rbd.open("child")) {
      ImageParent known = child.parent().orElseThrow();
      assertThat(known.snapshotId()).isEqualTo(id);
      assertThat(known.snapshotType()).isEqualTo(SnapshotNamespaceType.TRASH);
      Bytes.assertEqual(Bytes.of(child), data);
    }
    rbd.remove("child");
    Await.until("the snapshot goes with its last clone", () -> parent.snapshots().isEmpty());
    assertThatThrownBy(() -> parent.snapshotNamespace(id))
        .isInstanceOf(SnapshotNotFoundException.class)
        .hasMessageContaining("@id:" + id);
    assertThatThrownBy(() -> parent.snapshotTimestamp(id))
        .isInstanceOf(SnapshotNotFoundException.class)
        .hasMessageContaining("get the timestamp of snapshot")
        .hasMessageContaining("@id:" + id);
  }

  @Test
  void aSnapshotCanBeRemovedTogetherWithItsProtectionAndItsClones() {
    snapshot.protect();
    ImageOptions options = new ImageOptions().cloneFormat(1);
    rbd.clone("parent", "s", rbd, "child", options);
    assertThatThrownBy(() -> snapshot.remove()).isInstanceOf(ImageBusyException.class);
    snapshot.remove(
        EnumSet.of(SnapshotRemoveFlag.UNPROTECT, SnapshotRemoveFlag.FLATTEN),
        ProgressListener.NONE);
    assertThat(parent.snapshots()).isEmpty();
    try (Image child = rbd.open("child")) {
      assertThat(child.parent()).isEmpty();
      Bytes.assertEqual(Bytes.of(child), data);
    }
  }

  @Test
  void aShrunkenCloneSharesLessWithItsParent() {
    cloneTo("child");
    try (Image child = rbd.open("child")) {
      child.resize(MIB, true);
      child.resize(SIZE, false);
      assertThat(child.overlap()).isEqualTo(MIB);
      Bytes.assertEqual(Bytes.of(child, 0, MIB), Bytes.of(parent, 0, MIB));
      Bytes.assertZero(Bytes.of(child, MIB, SIZE - MIB));
    }
  }
}
