package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotRemoveFlag;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies hold the same bytes, with or without history. */
@CephTest
class CopyIT {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 8 * MIB;

  private final CephCluster ceph;
  private final Rbd whole;
  private final IoContext io;
  private final Rbd rbd;
  private final String namespace = Names.unique("copy");
  private final byte[] data = new byte[SIZE];
  private Image source;

  CopyIT(CephCluster ceph, Cluster cluster, Rbd whole) {
    this.ceph = ceph;
    this.whole = whole;
    whole.namespaces().create(namespace);
    this.io = cluster.ioContext("rbd", namespace);
    this.rbd = new Rbd(io);
  }

  /** Data, an object of written zeros, a hole, and data again. */
  @BeforeEach
  void createSource() {
    create("source", SIZE);
    source = rbd.open("source");
    System.arraycopy(Bytes.random(2 * MIB, 1), 0, data, 0, 2 * MIB);
    System.arraycopy(Bytes.random(2 * MIB, 2), 0, data, 6 * MIB, 2 * MIB);
    source.writeAt(0, data, 0, 4 * MIB);
    source.writeAt(6 * MIB, data, 6 * MIB, 2 * MIB);
    source.flush();
  }

  private void create(String name, long size) {
    ImageOptions options = new ImageOptions().order(20);
    rbd.create(name, size, options);
  }

  @AfterEach
  void remove() {
    source.close();
    for (String name : List.of("flat", "other", "target", "source", "base")) {
      if (rbd.exists(name)) {
        try (Image image = rbd.open(name)) {
          for (SnapshotInfo info : image.snapshots()) {
            image
                .snapshot(info.name())
                .remove(EnumSet.of(SnapshotRemoveFlag.FLATTEN), ProgressListener.NONE);
          }
        }
        rbd.remove(name);
      }
    }
    io.close();
    whole.namespaces().remove(namespace);
  }

  private long usedBytes(String name) {
    String json = ceph.rbd("du", "rbd/" + namespace + "/" + name, "--exact", "--format", "json");
    String key = "\"used_size\":";
    return Long.parseLong(json.substring(json.indexOf(key) + key.length()).replaceAll("\\D.*", ""));
  }

  @Test
  void anOpenImageTakesACopy() {
    create("target", SIZE);
    try (Image target = rbd.open("target")) {
      Progress progress = new Progress();
      source.copyTo(target, progress);
      progress.assertWent();
      Bytes.assertEqual(Bytes.of(target), data);
    }
  }

  @Test
  void anOpenImageKeepsItsDataWhereTheSourceHasNone() {
    create("target", SIZE + MIB);
    byte[] old = Bytes.random(SIZE + MIB, 3);
    byte[] expected = old.clone();
    System.arraycopy(data, 0, expected, 0, 2 * MIB);
    System.arraycopy(data, 6 * MIB, expected, 6 * MIB, 2 * MIB);
    try (Image target = rbd.open("target")) {
      target.writeAt(0, old);
      source.copyTo(target);
      Bytes.assertEqual(Bytes.of(target), expected);
    }
  }

  @Test
  void aTargetThatIsTooSmallIsRefused() {
    create("target", SIZE - 1);
    try (Image target = rbd.open("target")) {
      assertThatThrownBy(() -> source.copyTo(target, ProgressListener.NONE))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("copy image rbd/" + namespace + "/source");
      Bytes.assertZero(Bytes.of(target));
    }
  }

  @Test
  void aClosedTargetIsRefused() {
    create("target", SIZE);
    Image target = rbd.open("target");
    target.close();
    assertThatThrownBy(() -> source.copyTo(target, ProgressListener.NONE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("target is closed");
  }

  @Test
  void aNewImageGetsItsOptionsAndTheBytes() {
    Progress progress = new Progress();
    ImageOptions options =
        new ImageOptions().order(21).features(EnumSet.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK));
    source.copyTo(rbd, "target", options, 4096, progress);
    progress.assertWent();
    try (Image target = rbd.open("target")) {
      assertThat(target.size()).isEqualTo(SIZE);
      assertThat(target.info().order()).isEqualTo(21);
      assertThat(target.features())
          .contains(Feature.LAYERING, Feature.EXCLUSIVE_LOCK)
          .doesNotContain(Feature.OBJECT_MAP, Feature.DEEP_FLATTEN);
      Bytes.assertEqual(Bytes.of(target), data);
    }
  }

  @Test
  void writtenZerosAreLeftOut() {
    ImageOptions options = new ImageOptions().order(20);
    source.copyTo(rbd, "target", options);
    assertThat(usedBytes("source")).isEqualTo(6 * MIB);
    assertThat(usedBytes("target")).isEqualTo(4 * MIB);
    try (Image target = rbd.open("target")) {
      Bytes.assertEqual(Bytes.of(target), data);
    }
  }

  @Test
  void zerosOfTheSparseSizeAreLeftOut() {
    source.writeAt(4096, new byte[MIB - 4096]); // 4096 bytes of data at the start of its object
    source.flush();
    long rest = 3 * MIB; // of the other objects with data
    ImageOptions options = new ImageOptions().order(20);
    source.copyTo(rbd, "target", options, 4096, ProgressListener.NONE);
    assertThat(usedBytes("target")).isEqualTo(4096 + rest);
    source.copyTo(rbd, "other", options, MIB, ProgressListener.NONE);
    assertThat(usedBytes("other")).isEqualTo(MIB + rest);
    byte[] expected = Bytes.of(source);
    for (String name : List.of("target", "other")) {
      try (Image copy = rbd.open(name)) {
        Bytes.assertEqual(Bytes.of(copy), expected);
      }
    }
  }

  @Test
  void aNewImageMayLieInAnotherNamespace() {
    ImageOptions options = new ImageOptions();
    String name = Names.unique("target");
    source.copyTo(whole, name, options);
    try (Image target = whole.open(name)) {
      Bytes.assertEqual(Bytes.of(target), data);
    }
    whole.remove(name);
  }

  @Test
  void theSnapshotThatTheSourceShowsIsCopied() {
    source.createSnapshot("s");
    source.writeAt(0, Bytes.random(MIB, 4));
    ImageOptions options = new ImageOptions();
    try (Image old = rbd.open("source", OpenOptions.at("s"))) {
      old.copyTo(rbd, "target", options);
    }
    try (Image target = rbd.open("target")) {
      Bytes.assertEqual(Bytes.of(target), data);
      assertThat(target.snapshots()).isEmpty();
    }
  }

  @Test
  void aTakenOrImpossibleNameIsRefused() {
    create("target", 1);
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> source.copyTo(rbd, "target", options))
        .isInstanceOf(ImageExistsException.class)
        .hasMessageContaining("/source to rbd/" + namespace + "/target");
    assertThatThrownBy(() -> source.deepCopyTo(rbd, "target", options, ProgressListener.NONE))
        .isInstanceOf(ImageExistsException.class);
    assertThatThrownBy(() -> source.copyTo(rbd, "a@b", options))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> source.copyTo(rbd, "x", options, -1, ProgressListener.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> source.deepCopyTo(rbd, "", options, ProgressListener.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatTheListenerThrowsComesOutWhenTheCopyIsDone() {
    AtomicInteger calls = new AtomicInteger();
    ProgressListener angry =
        (done, total) -> {
          calls.incrementAndGet();
          throw new CancellationException("enough");
        };
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> source.copyTo(rbd, "target", options, 0, angry))
        .isInstanceOf(CancellationException.class)
        .hasMessage("enough");
    assertThat(calls).hasValue(1);
    try (Image target = rbd.open("target")) {
      Bytes.assertEqual(Bytes.of(target), data);
    }
    rbd.remove("target");
    assertThatThrownBy(() -> source.deepCopyTo(rbd, "target", options, angry))
        .isInstanceOf(CancellationException.class);
    try (Image target = rbd.open("target")) {
      Bytes.assertEqual(Bytes.of(target), data);
    }
  }

  @Test
  void aListenerThatCallsBackIsRefusedInsteadOfHanging() {
    AtomicReference<@Nullable Throwable> refusal = new AtomicReference<>();
    ImageOptions options = new ImageOptions();
    source.copyTo(
        rbd,
        "target",
        options,
        0,
        (done, total) -> {
          try {
            source.flush();
          } catch (IllegalStateException e) {
            refusal.set(e);
          }
        });
    assertThat(refusal.get()).isNotNull().hasMessageContaining("from inside a callback");
  }

  @Test
  void aDeepCopyHasTheSnapshotsToo() {
    source.createSnapshot("one");
    byte[] second = data.clone();
    System.arraycopy(Bytes.random(MIB, 5), 0, second, 5 * MIB, MIB);
    source.writeAt(5 * MIB, second, 5 * MIB, MIB);
    source.createSnapshot("two");
    source.resize(4 * MIB, true);
    Progress progress = new Progress();
    ImageOptions options = new ImageOptions().order(21);
    source.deepCopyTo(rbd, "target", options, progress);
    progress.assertWent();
    try (Image target = rbd.open("target")) {
      assertThat(target.snapshots())
          .extracting(SnapshotInfo::name, SnapshotInfo::size)
          .containsExactly(tuple("one", (long) SIZE), tuple("two", (long) SIZE));
      Bytes.assertEqual(Bytes.of(target), Arrays.copyOf(data, 4 * MIB));
      assertThat(target.info().order()).isEqualTo(21);
    }
    try (Image one = rbd.open("target", OpenOptions.at("one"));
        Image two = rbd.open("target", OpenOptions.at("two"))) {
      Bytes.assertEqual(Bytes.of(one), data);
      Bytes.assertEqual(Bytes.of(two), second);
    }
  }

  @Test
  void aCopyOfACloneHoldsWhatItSharesOrIsRefused() {
    source.createSnapshot("s");
    rbd.clone("source", "s", rbd, "base", new ImageOptions().cloneFormat(2));
    create("other", SIZE);
    ImageOptions options = new ImageOptions();
    try (Image clone = rbd.open("base");
        Image other = rbd.open("other")) {
      clone.copyTo(rbd, "target", options);
      try (Image target = rbd.open("target")) {
        Bytes.assertEqual(Bytes.of(target), data);
      }

      clone.createSnapshot("c");
      clone.writeAt(7 * MIB, data, 7 * MIB, 1); // takes the lock, and with it the object map
      assertThat(clone.exclusiveLock().isOwner()).isTrue();
      assertThatThrownBy(() -> clone.copyTo(rbd, "refused", options))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("shares with its parent");
      assertThatThrownBy(() -> clone.copyTo(other, ProgressListener.NONE))
          .isInstanceOf(UnsupportedOperationException.class);
      try (Image snapshot = rbd.open("base", OpenOptions.at("c"))) {
        assertThatThrownBy(() -> snapshot.copyTo(other, ProgressListener.NONE))
            .isInstanceOf(UnsupportedOperationException.class);
      }
      assertThat(rbd.exists("refused")).isFalse();
      try (Image reader = rbd.openReadOnly("base")) {
        reader.copyTo(other, ProgressListener.NONE);
        Bytes.assertEqual(Bytes.of(other), data);
      }

      clone.flatten(ProgressListener.NONE);
      clone.copyTo(rbd, "flat", options);
      try (Image flat = rbd.open("flat")) {
        Bytes.assertEqual(Bytes.of(flat), data);
      }
      clone.snapshot("c").remove();
    }
  }

  @Test
  void aDeepCopyOfACloneIsACloneUnlessFlattened() {
    source.createSnapshot("s");
    rbd.clone("source", "s", rbd, "base", new ImageOptions().cloneFormat(2));
    byte[] expected = data.clone();
    for (boolean flatten : new boolean[] {false, true}) {
      ImageOptions options = new ImageOptions();
      try (Image clone = rbd.open("base")) {
        var _ = flatten ? options.flatten(true) : options.cloneFormat(2);
        byte[] own = Bytes.random(1000, 6);
        clone.writeAt(MIB, own);
        System.arraycopy(own, 0, expected, MIB, own.length);
        clone.deepCopyTo(rbd, "target", options);
      }
      try (Image target = rbd.open("target")) {
        assertThat(target.parent().isPresent()).isEqualTo(!flatten);
        Bytes.assertEqual(Bytes.of(target), expected);
      }
      rbd.remove("target");
    }
    assertThat(source.children()).hasSize(1);
    rbd.remove("base");
  }

  @Test
  void aFlatCopyOfACloneHasNoParent() {
    source.createSnapshot("s");
    ImageOptions cloning = new ImageOptions().cloneFormat(2);
    ImageOptions copying = new ImageOptions();
    rbd.clone("source", "s", rbd, "base", cloning);
    try (Image clone = rbd.open("base")) {
      clone.copyTo(rbd, "target", copying, 0, ProgressListener.NONE);
    }
    try (Image target = rbd.open("target")) {
      assertThat(target.parent()).isEmpty();
      Bytes.assertEqual(Bytes.of(target), data);
      assertThat(target.features()).containsAll(Set.of(Feature.LAYERING));
    }
    rbd.remove("base");
  }
}
