package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Trash;
import io.github.rbd4j.TrashEntry;
import io.github.rbd4j.TrashSource;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images go to the trash and come back, or go for ever when their time has come. */
@CephTest
class TrashIT {
  private static final long MIB = 1 << 20;
  private static final Duration HOUR = Duration.ofHours(1);

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd whole;
  private final IoContext io;
  private final Rbd rbd;
  private final Trash trash;
  private final String namespace = Names.unique("trash");
  private final String name = Names.unique("image");

  /** The trash of a namespace of its own holds nothing of other tests. */
  TrashIT(CephCluster ceph, Cluster cluster, Rbd whole) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.whole = whole;
    whole.namespaces().create(namespace);
    this.io = cluster.ioContext("rbd", namespace);
    this.rbd = new Rbd(io);
    this.trash = rbd.trash();
  }

  @BeforeEach
  void create() {
    create(name);
  }

  @AfterEach
  void remove() {
    for (TrashEntry entry : trash.list()) {
      trash.remove(entry.id(), true, ProgressListener.NONE);
    }
    rbd.list().forEach(image -> rbd.remove(image.name()));
    io.close();
    whole.namespaces().remove(namespace);
  }

  private void create(String image) {
    ImageOptions options = new ImageOptions().order(20);
    rbd.create(image, 8 * MIB, options);
  }

  private String id(String image) {
    try (Image open = rbd.openReadOnly(image)) {
      return open.id();
    }
  }

  @Test
  void whatIsInTheTrashIsKnownByItsId() {
    String id = id(name);
    Instant before = Instant.now().minusSeconds(2);
    trash.move(name, HOUR);
    assertThat(rbd.exists(name)).isFalse();
    TrashEntry entry = trash.get(id);
    assertThat(entry.id()).isEqualTo(id);
    assertThat(entry.name()).isEqualTo(name);
    assertThat(entry.source()).isEqualTo(TrashSource.USER);
    assertThat(entry.sourceValue()).isEqualTo(TrashSource.USER.value());
    assertThat(entry.deleted()).isBetween(before, Instant.now().plusSeconds(2));
    assertThat(entry.deferredUntil()).isEqualTo(entry.deleted().plus(HOUR));
    assertThat(trash.list()).containsExactly(entry);
    assertThat(ceph.rbd("trash", "ls", "rbd/" + namespace, "--format", "json"))
        .contains("\"id\":\"" + id + "\"", "\"name\":\"" + name + "\"");
  }

  @Test
  void aRemovedParentIsInTheTrashAsLongAsItHasClones() {
    String id = id(name);
    try (Cluster keeping =
            ceph.client().option("rbd_move_parent_to_trash_on_remove", "true").connect();
        IoContext its = keeping.ioContext("rbd", namespace)) {
      Rbd there = new Rbd(its);
      try (Image image = there.open(name)) {
        image.createSnapshot("s");
        there.clone(name, "s", there, "clone", new ImageOptions().set(ImageOption.CLONE_FORMAT, 2));
        image.snapshot("s").remove();
      }
      there.remove(name);
      assertThat(there.exists(name)).isFalse();
      assertThat(trash.get(id).source()).isEqualTo(TrashSource.USER_PARENT);
      there.remove("clone");
      assertThat(trash.list()).isEmpty();
    }
  }

  @Test
  void anImageInTheTrashCanBeReadById() {
    byte[] data = Bytes.random(1000, 1);
    String id;
    try (Image image = rbd.open(name)) {
      image.writeAt(0, data);
      id = image.id();
    }
    trash.move(name, HOUR);
    try (Image image = rbd.openById(id)) {
      Bytes.assertEqual(Bytes.of(image, 0, 1000), data);
    }
  }

  @Test
  void anImageComesBackUnderAnyFreeName() {
    String id = id(name);
    String other = Names.unique("other");
    create(other);
    trash.move(name, HOUR);
    assertThatThrownBy(() -> trash.restore(id, other)).isInstanceOf(ImageExistsException.class);
    String restored = Names.unique("restored");
    trash.restore(id, restored);
    assertThat(id(restored)).isEqualTo(id);
    assertThat(trash.list()).isEmpty();
    assertThatThrownBy(() -> trash.restore(id, restored))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("id:" + id);
  }

  @Test
  void anImageIsNotRemovedBeforeItsTimeUnlessForced() {
    String id = id(name);
    trash.move(name, HOUR);
    assertThatThrownBy(() -> trash.remove(id, false, ProgressListener.NONE))
        .isInstanceOf(PermissionDeniedException.class)
        .hasMessageContaining("EPERM")
        .hasMessageContaining("rbd/" + namespace + "/id:" + id);
    assertThat(trash.get(id).name()).isEqualTo(name);
    Progress progress = new Progress();
    trash.remove(id, true, progress);
    progress.assertWent();
    assertThat(trash.list()).isEmpty();
  }

  @Test
  void aCancelledRemovalIsFinishedByAnother() {
    String id = id(name);
    trash.move(name, Duration.ZERO);
    assertThatThrownBy(() -> trash.remove(id, false, Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(trash.get(id).name()).isEqualTo(name);
    trash.remove(id, false);
    assertThat(trash.list()).isEmpty();
  }

  @Test
  void aPartOfASecondIsADelay() {
    String id = id(name);
    trash.move(name, Duration.ofMillis(1));
    TrashEntry entry = trash.get(id);
    assertThat(entry.deferredUntil()).isEqualTo(entry.deleted().plusSeconds(1));
  }

  @Test
  void delaysThatCephCannotKeepAreRefused() {
    String id = id(name);
    Instant last = Instant.parse("2106-02-07T06:28:15Z");
    Duration tooLong = Duration.between(Instant.now(), last).plusSeconds(5);
    for (Duration delay :
        List.of(Duration.ofMillis(-1), tooLong, Duration.ofSeconds(Long.MAX_VALUE))) {
      assertThatThrownBy(() -> trash.move(name, delay))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("delay");
    }
    trash.move(name, tooLong.minusSeconds(60));
    assertThat(trash.get(id).deferredUntil()).isBetween(last.minusSeconds(120), last);
    assertThatThrownBy(() -> trash.remove(id, false, ProgressListener.NONE))
        .isInstanceOf(PermissionDeniedException.class);
  }

  @Test
  void anImageWithoutDelayIsRemovedWithoutForce() {
    String id = id(name);
    trash.move(name, Duration.ZERO);
    trash.remove(id, false);
    assertThat(trash.list()).isEmpty();
    assertThatThrownBy(() -> rbd.openById(id)).isInstanceOf(ImageNotFoundException.class);
  }

  @Test
  void anImageWithSnapshotsIsNotRemoved() {
    String id;
    try (Image image = rbd.open(name)) {
      id = image.id();
      image.createSnapshot("s");
    }
    trash.move(name, Duration.ZERO);
    assertThatThrownBy(() -> trash.remove(id, true, ProgressListener.NONE))
        .isInstanceOf(ImageHasSnapshotsException.class);
    try (Image image = rbd.openById(id)) {
      image.snapshot("s").remove();
    }
    trash.remove(id, true, ProgressListener.NONE);
    assertThat(trash.list()).isEmpty();
  }

  @Test
  void whatIsMissingIsSaid() {
    assertThatThrownBy(() -> trash.get("0123456789ab"))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("id:0123456789ab");
    assertThatThrownBy(() -> trash.remove("0123456789ab", true, ProgressListener.NONE))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> trash.move("no-such-image", Duration.ZERO))
        .isInstanceOf(ImageNotFoundException.class);
    assertThatThrownBy(() -> trash.move(name, Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> trash.restore("0123456789ab", "a/b"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anImageInUseIsMovedButNotRemoved() {
    byte[] data = Bytes.random(512, 1);
    String id = id(name);
    try (Image open = rbd.open(name)) {
      trash.move(name, Duration.ZERO);
      open.writeAt(0, data);
      Bytes.assertEqual(Bytes.of(open, 0, 512), data);
      assertThatThrownBy(() -> trash.remove(id, true, ProgressListener.NONE))
          .isInstanceOf(ImageBusyException.class);
    }
    assertThat(trash.list()).extracting(TrashEntry::id).containsExactly(id);
  }

  @Test
  void aPurgeRemovesWhatHasExpired() {
    String later = Names.unique("later");
    create(later);
    trash.move(name, Duration.ZERO);
    trash.move(later, HOUR);
    for (Instant past : List.of(Instant.now().minus(HOUR), Instant.EPOCH, Instant.MIN)) {
      trash.purge(past, ProgressListener.NONE);
      assertThat(trash.list()).hasSize(2);
    }
    Progress progress = new Progress();
    trash.purge(Instant.now().plusSeconds(1), progress);
    progress.assertWent();
    assertThat(trash.list()).extracting(TrashEntry::name).containsExactly(later);
    trash.purge(Instant.now().plus(HOUR).plusSeconds(10), ProgressListener.NONE);
    assertThat(trash.list()).isEmpty();
  }

  @Test
  void aLongListIsWhole() {
    for (int i = 0; i < 40; i++) {
      String image = Names.unique("many");
      create(image);
      trash.move(image, Duration.ZERO);
    }
    assertThat(trash.list()).hasSize(40).extracting(TrashEntry::id).doesNotHaveDuplicates();
    assertThat(trash.list()).extracting(TrashEntry::name).allMatch(n -> n.startsWith("many-"));
    trash.purge(Instant.now().plusSeconds(1), ProgressListener.NONE);
    assertThat(trash.list()).isEmpty();
  }

  /** Whether the delays are over or not: what is not in the way stays. */
  @ParameterizedTest
  @ValueSource(longs = {0, 3600})
  void aPoolThatIsTooFullIsEmptiedByTheOldestDelays(long seconds) {
    try (SecondPool pool = new SecondPool(cluster)) {
      Trash its = pool.rbd().trash();
      for (String image : List.of("first", "second")) {
        pool.rbd().create(image, 32 * MIB);
        try (Image open = pool.rbd().open(image)) {
          open.writeAt(0, Bytes.random((int) (32 * MIB), 1));
        }
      }
      its.move("first", Duration.ofSeconds(seconds));
      its.move("second", Duration.ofSeconds(seconds + 1));
      if (seconds == 0) {
        Instant over = Instant.now().plusSeconds(1);
        Await.until("the delays are over", () -> Instant.now().isAfter(over));
      } else {
        its.purge(Instant.now(), ProgressListener.NONE);
      }
      assertThat(its.list()).hasSize(2);
      long used = 2 * 32 * MIB;
      Await.until("the pool reports its data", () -> pool.io().stats().usedBytes() >= used);
      // Two images are too much for the pool, and one is not.
      double fullness = 0.75 * used / (used + cluster.stats().availableBytes());
      Await.until(
          "the pool is empty enough",
          () -> {
            its.purgeToThreshold(fullness, ProgressListener.NONE);
            return its.list().size() < 2;
          });
      assertThat(its.list()).extracting(TrashEntry::name).containsExactly("second");
    }
  }

  @Test
  void aThresholdThatIsKeptRemovesNothing() {
    trash.move(name, Duration.ZERO);
    trash.purgeToThreshold(1, ProgressListener.NONE);
    assertThat(trash.list()).hasSize(1);
    for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> trash.purgeToThreshold(wrong, ProgressListener.NONE))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
