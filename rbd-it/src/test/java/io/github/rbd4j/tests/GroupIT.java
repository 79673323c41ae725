package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.github.rbd4j.Feature;
import io.github.rbd4j.GroupNotFoundException;
import io.github.rbd4j.GroupReference;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OperationFeature;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespace;
import io.github.rbd4j.SnapshotNamespaceType;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.Watcher;
import io.github.rbd4j.group.Group;
import io.github.rbd4j.group.GroupImage;
import io.github.rbd4j.group.GroupImageState;
import io.github.rbd4j.group.GroupSnapshot;
import io.github.rbd4j.group.GroupSnapshotState;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Groups hold images of any pool, and snapshot them together. */
@CephTest
class GroupIT {
  private static final int MIB = 1 << 20;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd whole;
  private final IoContext io;
  private final Rbd rbd;
  private final Groups groups;
  private final String namespace = Names.unique("groups");
  private Group group;

  GroupIT(CephCluster ceph, Cluster cluster, Rbd whole) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.whole = whole;
    whole.namespaces().create(namespace);
    this.io = cluster.ioContext("rbd", namespace);
    this.rbd = new Rbd(io);
    this.groups = new Groups(io);
  }

  @BeforeEach
  void create() {
    group = groups.create("group");
    create(rbd, "a");
    create(rbd, "b");
  }

  private static void create(Rbd where, String name) {
    ImageOptions options = new ImageOptions().order(20);
    where.create(name, 2 * MIB, options);
  }

  @AfterEach
  void remove() {
    groups.list().forEach(groups::remove);
    rbd.list().forEach(image -> rbd.remove(image.name()));
    io.close();
    whole.namespaces().remove(namespace);
  }

  private static List<String> names(List<GroupImage> images) {
    return images.stream().map(GroupImage::name).toList();
  }

  @Test
  void aGroupComesAndGoes() {
    Group other = groups.create("other");
    assertThat(other.name()).isEqualTo("other");
    assertThat(groups.list()).containsExactlyInAnyOrder("group", "other");
    assertThat(ceph.rbd("group", "ls", "rbd/" + namespace).lines())
        .containsExactlyInAnyOrder("group", "other");
    assertThatThrownBy(() -> groups.create("other"))
        .isInstanceOf(ObjectExistsException.class)
        .hasMessageContaining("create group rbd/" + namespace + "/other");
    groups.rename("other", "another");
    assertThat(groups.list()).containsExactlyInAnyOrder("group", "another");
    assertThatThrownBy(() -> groups.rename("another", "group"))
        .isInstanceOf(ObjectExistsException.class);
    groups.remove("another");
    assertThat(groups.list()).containsExactly("group");
    groups.remove("group");
    assertThat(groups.list()).isEmpty();
  }

  @Test
  void manyGroupsAreListed() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      names.add("g".repeat(50) + i);
      groups.create(names.getLast());
    }
    assertThat(groups.list()).hasSize(101).containsAll(names);
  }

  @Test
  void aMissingGroupIsSaid() {
    Group missing = groups.group("missing");
    String text = "group rbd/" + namespace + "/missing";
    assertThatThrownBy(() -> groups.remove("missing"))
        .isInstanceOf(GroupNotFoundException.class)
        .hasMessageContaining("remove " + text);
    assertThatThrownBy(() -> groups.rename("missing", "other"))
        .isInstanceOf(GroupNotFoundException.class);
    assertThatThrownBy(missing::images)
        .isInstanceOf(GroupNotFoundException.class)
        .hasMessageContaining(text);
    assertThatThrownBy(missing::snapshots)
        .isInstanceOf(GroupNotFoundException.class)
        .hasMessageContaining(text);
    assertThatThrownBy(() -> missing.addImage(io, "a"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("add image a to " + text);
    assertThatThrownBy(() -> missing.removeImage(io, "a"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> missing.removeImageById(io, "0123456789ab"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> missing.createSnapshot("s", Set.of()))
        .isInstanceOf(GroupNotFoundException.class);
    assertThatThrownBy(() -> missing.removeSnapshot("s"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> groups.create("a/b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> groups.group("")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void imagesJoinAndLeaveByNameAndById() {
    assertThat(group.images()).isEmpty();
    group.addImage(io, "a");
    group.addImage(io, "b");
    GroupImageState state = GroupImageState.ATTACHED;
    assertThat(group.images())
        .containsExactlyInAnyOrder(
            new GroupImage("a", io.poolId(), state, state.value()),
            new GroupImage("b", io.poolId(), state, state.value()));
    assertThat(ceph.rbd("group", "image", "ls", "rbd/" + namespace + "/group"))
        .contains("rbd/" + namespace + "/a", "rbd/" + namespace + "/b");
    String id;
    try (Image image = rbd.open("a")) {
      id = image.id();
      assertThat(image.group()).contains(new GroupReference(io.poolId(), "group"));
      assertThat(image.operationFeatures()).contains(OperationFeature.GROUP);
    }
    group.removeImageById(io, id);
    assertThat(names(group.images())).containsExactly("b");
    group.removeImage(io, "b");
    assertThat(group.images()).isEmpty();
    try (Image image = rbd.open("a")) {
      assertThat(image.group()).isEmpty();
      assertThat(image.operationFeatures()).isEmpty();
    }
  }

  @Test
  void impossibleMembersAreRefused() {
    Group other = groups.create("other");
    group.addImage(io, "a");
    assertThatThrownBy(() -> other.addImage(io, "a")).isInstanceOf(ObjectExistsException.class);
    assertThatThrownBy(() -> group.addImage(io, "nobody"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("add image nobody to group");
    group.removeImageById(io, "0123456789ab");
    assertThatThrownBy(() -> group.removeImage(io, "nobody"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> group.removeImage(io, "b"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThat(names(group.images())).containsExactly("a");
    assertThat(other.images()).isEmpty();
  }

  @Test
  void anImageOfAnotherPoolCanJoin() {
    String name = Names.unique("wide");
    Groups wholeGroups = new Groups(whole.ioContext());
    Group wide = wholeGroups.create(name);
    whole.create(name, MIB);
    try (SecondPool pool = new SecondPool(cluster)) {
      create(pool.rbd(), "away");
      wide.addImage(pool.io(), "away");
      wide.addImage(whole.ioContext(), name);
      assertThat(wide.images())
          .extracting(GroupImage::name, GroupImage::poolId)
          .containsExactlyInAnyOrder(tuple("away", pool.io().poolId()), tuple(name, io.poolId()));
      try (Image away = pool.rbd().open("away")) {
        assertThat(away.group()).contains(new GroupReference(io.poolId(), name));
        wide.createSnapshot("s", Set.of());
        assertThat(away.snapshots()).hasSize(1);
        if (NativeSymbols.has("rbd_group_snap_get_info")) {
          assertThat(wide.snapshot("s").members())
              .extracting(GroupSnapshot.Member::imageName, GroupSnapshot.Member::poolId)
              .containsExactlyInAnyOrder(
                  tuple("away", pool.io().poolId()), tuple(name, io.poolId()));
        }
        wide.removeSnapshot("s");
        assertThat(away.snapshots()).isEmpty();
      }
      wide.removeImage(pool.io(), "away");
      pool.rbd().remove("away");
    }
    assertThat(names(wide.images())).containsExactly(name);
    wholeGroups.remove(name);
    whole.remove(name);
  }

  @Test
  void anImageOfAnotherNamespaceCannotJoin() {
    String name = Names.unique("elsewhere");
    whole.create(name, MIB);
    assertThatThrownBy(() -> group.addImage(whole.ioContext(), name))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("add image " + name + " to group rbd/" + namespace + "/group");
    whole.remove(name);
  }

  @Test
  void manyImagesAreListed() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      names.add("many-" + i);
      create(rbd, names.getLast());
      group.addImage(io, names.getLast());
    }
    assertThat(names(group.images())).containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void snapshotsComeAndGo() {
    group.addImage(io, "a");
    assertThat(group.snapshots()).isEmpty();
    group.createSnapshot("s", Set.of());
    assertThatThrownBy(() -> group.createSnapshot("s", Set.of()))
        .isInstanceOf(ObjectExistsException.class);
    group.createSnapshot("t", Set.of());
    assertThat(group.snapshots())
        .extracting(GroupSnapshot::name)
        .containsExactlyInAnyOrder("s", "t");
    assertThat(group.snapshots())
        .extracting(GroupSnapshot::state)
        .containsOnly(GroupSnapshotState.COMPLETE);
    group.renameSnapshot("t", "u");
    assertThatThrownBy(() -> group.renameSnapshot("u", "s"))
        .isInstanceOf(SnapshotExistsException.class);
    assertThatThrownBy(() -> group.renameSnapshot("t", "v"))
        .isInstanceOf(SnapshotNotFoundException.class)
        .hasMessageContaining("rbd/" + namespace + "/group@t");
    assertThat(ceph.rbd("group", "snap", "ls", "rbd/" + namespace + "/group", "--format", "json"))
        .contains("\"s\"", "\"u\"");
    group.removeSnapshot("s");
    assertThat(group.snapshots()).extracting(GroupSnapshot::name).containsExactly("u");
    assertThatThrownBy(() -> group.removeSnapshot("s"))
        .isInstanceOf(SnapshotNotFoundException.class);
    assertThatThrownBy(() -> group.rollback("s", ProgressListener.NONE))
        .isInstanceOf(SnapshotNotFoundException.class);
    group.removeSnapshot("u");
  }

  @Test
  void theSnapshotsOfTheImagesKnowTheGroup() {
    group.addImage(io, "a");
    Instant before = Instant.now().minusSeconds(5);
    group.createSnapshot("s", Set.of());
    try (Image image = rbd.open("a")) {
      SnapshotInfo info = image.snapshots().getFirst();
      assertThat(image.snapshotTimestamp(info.id()))
          .isBetween(before, Instant.now().plusSeconds(5));
      assertThat(image.snapshotNamespace(info.id()))
          .isEqualTo(new SnapshotNamespace.Group(io.poolId(), "group", "s"));
      assertThat(info.size()).isEqualTo(2 * MIB);
      if (NativeSymbols.has("rbd_group_snap_get_info")) {
        GroupSnapshot snapshot = group.snapshot("s");
        assertThat(group.snapshots()).containsExactly(snapshot);
        assertThat(snapshot.name()).isEqualTo("s");
        assertThat(snapshot.id()).isNotEmpty();
        assertThat(snapshot.imageSnapshotName()).isEqualTo(info.name());
        assertThat(snapshot.state()).isEqualTo(GroupSnapshotState.COMPLETE);
        assertThat(snapshot.members())
            .containsExactly(new GroupSnapshot.Member("a", io.poolId(), info.id()));
        assertThatThrownBy(() -> group.snapshot("none"))
            .isInstanceOf(SnapshotNotFoundException.class);
      } else {
        assertUnsupported("rbd_group_snap_get_info", () -> group.snapshot("s"));
        assertThat(group.snapshots())
            .containsExactly(
                new GroupSnapshot(
                    "",
                    "s",
                    "",
                    GroupSnapshotState.COMPLETE,
                    GroupSnapshotState.COMPLETE.value(),
                    List.of()));
      }
    }
  }

  @Test
  void theSnapshotOfAnImageOfAGroupCanBeClonedByItsId() {
    byte[] data = Bytes.random(2 * MIB, 3);
    group.addImage(io, "a");
    long id;
    try (Image image = rbd.open("a")) {
      image.writeAt(0, data);
      group.createSnapshot("s");
      id = image.snapshots().getFirst().id();
    }
    ImageOptions options = new ImageOptions().cloneFormat(2);
    if (!NativeSymbols.has("rbd_clone4")) {
      assertUnsupported("rbd_clone4", () -> rbd.clone("a", id, rbd, "clone", options));
      return;
    }
    rbd.clone("a", id, rbd, "clone", options);
    try (Image clone = rbd.open("clone")) {
      assertThat(clone.parent().orElseThrow().snapshotId()).isEqualTo(id);
      Bytes.assertEqual(Bytes.of(clone), data);
    }
    group.removeSnapshot("s"); // what the clone needs of it stays
    try (Image image = rbd.open("a")) {
      assertThat(image.snapshotNamespace(id))
          .isInstanceOfSatisfying(
              SnapshotNamespace.Trash.class,
              trash -> {
                assertThat(trash.originalType()).isEqualTo(SnapshotNamespaceType.GROUP);
                assertThat(trash.originalTypeValue())
                    .isEqualTo(SnapshotNamespaceType.GROUP.value());
              });
      rbd.remove("clone");
      assertThat(image.snapshots()).isEmpty();
    }
  }

  @Test
  void aSnapshotCanPassOverWhoCannotPrepareForIt() {
    group.addImage(io, "a");
    AtomicInteger asked = new AtomicInteger();
    try (Image image = rbd.open("a")) {
      image.writeAt(0, new byte[512]);
      try (QuiesceWatch watch =
          image.watchQuiesce(new UnableToQuiesce(asked), Duration.ofSeconds(20))) {
        assertThatThrownBy(() -> group.createSnapshot("plain")).isInstanceOf(RbdException.class);
        assertThat(asked).hasPositiveValue();
        assertThat(group.snapshots()).isEmpty();

        asked.set(0);
        group.createSnapshot("ignoring", Set.of(SnapshotCreateFlag.IGNORE_QUIESCE_ERROR));
        assertThat(asked).hasPositiveValue();

        asked.set(0);
        group.createSnapshot("skipping", Set.of(SnapshotCreateFlag.SKIP_QUIESCE));
        assertThat(asked).hasValue(0);
        assertThat(watch.isClosed()).isFalse();
      }
      assertThat(group.snapshots())
          .extracting(GroupSnapshot::name)
          .containsExactlyInAnyOrder("ignoring", "skipping");
      assertThat(image.snapshots()).hasSize(2);
    }
  }

  /** librbd notes that there is one before it asks who has to prepare for it. */
  @Test
  void aSnapshotWhoseCreatorDiedIsIncomplete() throws Exception {
    group.addImage(io, "a");
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch dead = new CountDownLatch(1);
    QuiesceListener slow =
        new QuiesceListener() {
          @Override
          public void quiesce() throws InterruptedException {
            asked.countDown();
            dead.await();
          }

          @Override
          public void unquiesce() {}
        };
    try (Image image = rbd.open("a");
        QuiesceWatch watch = image.watchQuiesce(slow, Duration.ofMinutes(1))) {
      ProcessBuilder builder =
          new ProcessBuilder("rbd", "group", "snap", "create", "rbd/" + namespace + "/group@half");
      builder.environment().put("CEPH_CONF", ceph.conf().toString());
      Process creator = builder.redirectErrorStream(true).start();
      assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
      creator.destroyForcibly().waitFor();
      dead.countDown();
      assertThat(watch.isClosed()).isFalse();
      // Its watch would keep the image in use for half a minute.
      image.watchers().stream()
          .map(Watcher::address)
          .filter(address -> !cluster.addresses().contains(address))
          .forEach(address -> cluster.blocklist(address, Duration.ofMinutes(1)));
    }
    assertThat(group.snapshots())
        .singleElement()
        .satisfies(half -> assertThat(half.name()).isEqualTo("half"))
        .satisfies(half -> assertThat(half.state()).isEqualTo(GroupSnapshotState.INCOMPLETE));
    group.removeSnapshot("half");
    assertThat(group.snapshots()).isEmpty();
  }

  @Test
  void aGroupHasAnIdOnNewerReleases() {
    if (NativeSymbols.has("rbd_group_get_id")) {
      String id = group.id();
      assertThat(id).isNotEmpty();
      groups.rename("group", "renamed");
      assertThat(groups.group("renamed").id()).isEqualTo(id);
      assertThatThrownBy(group::id).isInstanceOf(GroupNotFoundException.class);
    } else {
      assertUnsupported("rbd_group_get_id", group::id);
    }
  }

  @Test
  void manySnapshotsAreListedOnce() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 75; i++) {
      names.add("s" + i);
      group.createSnapshot(names.getLast(), Set.of());
    }
    assertThat(group.snapshots())
        .extracting(GroupSnapshot::name)
        .containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void aRollbackRestoresAllImages() {
    group.addImage(io, "a");
    group.addImage(io, "b");
    byte[] first = Bytes.random(2 * MIB, 1);
    byte[] second = Bytes.random(2 * MIB, 2);
    try (Image a = rbd.open("a");
        Image b = rbd.open("b")) {
      a.writeAt(0, first);
      b.writeAt(0, second);
      group.createSnapshot("s", Set.of());
      a.writeAt(MIB - 1000, new byte[2000]);
      b.writeZeroes(0, 2 * MIB);
    }
    assertThatThrownBy(() -> group.rollback("s", Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    try (Image b = rbd.open("b")) {
      Bytes.assertZero(Bytes.of(b, MIB, MIB)); // it was stopped before this object
    }
    AtomicInteger steps = new AtomicInteger();
    group.rollback("s", (done, total) -> steps.incrementAndGet());
    assertThat(steps).hasPositiveValue();
    try (Image a = rbd.open("a");
        Image b = rbd.open("b")) {
      Bytes.assertEqual(Bytes.of(a), first);
      Bytes.assertEqual(Bytes.of(b), second);
    }
  }

  @Test
  void anObjectMapThatIsNotValidIsNotRolledBackTo() {
    group.addImage(io, "a");
    group.addImage(io, "b");
    byte[] data = Bytes.random(2 * MIB, 1);
    Set<Feature> map = Set.of(Feature.OBJECT_MAP, Feature.FAST_DIFF);
    try (Image b = rbd.open("b")) {
      b.writeAt(0, data);
    }
    group.createSnapshot("other");
    group.createSnapshot("s");
    try (Image b = rbd.open("b")) {
      b.updateFeatures(map, false);
      b.updateFeatures(map, true);
      b.rebuildObjectMap();
    }
    group.rollback("s");
    try (Image b = rbd.open("b")) {
      b.writeAt(0, data, 0, 1); // who has the lock has the object map
      assertThat(b.flags()).isEmpty();
      Bytes.assertEqual(Bytes.of(b), data);
    }
  }
}
