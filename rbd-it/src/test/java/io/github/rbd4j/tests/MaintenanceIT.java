package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageFlag;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.util.EnumSet;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Long work on an image does what it says, tells how far it is, and can be cancelled. */
@CephTest
class MaintenanceIT {
  private static final int MIB = 1 << 20;
  private static final int OBJECTS = 64;

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("maintenance");
  private final byte[] data = Bytes.random(8 * MIB, 1);
  private Image image;

  MaintenanceIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  /** 64 objects of 1 MiB; the first 8 hold data. */
  @BeforeEach
  void create() {
    ImageOptions options = new ImageOptions().order(20);
    rbd.create(name, (long) OBJECTS * MIB, options);
    image = rbd.open(name);
    image.writeAt(0, data);
    image.flush();
  }

  @AfterEach
  void remove() {
    image.close();
    if (rbd.exists(name)) {
      rbd.remove(name);
    }
  }

  private long objects(String prefix) {
    return ceph.tool("rados", new byte[0], "-p", "rbd", "ls")
        .text()
        .lines()
        .filter(object -> object.startsWith(prefix))
        .count();
  }

  @Test
  void sparsifyFreesTheSpaceOfZeros() {
    image.writeZeroes(2 * MIB, 4 * MIB, true);
    image.flush();
    assertThat(objects(image.blockNamePrefix())).isEqualTo(8);
    Progress progress = new Progress();
    image.sparsify(4096, progress);
    progress.assertWent();
    assertThat(objects(image.blockNamePrefix())).isEqualTo(4);
    byte[] expected = data.clone();
    java.util.Arrays.fill(expected, 2 * MIB, 6 * MIB, (byte) 0);
    Bytes.assertEqual(Bytes.of(image, 0, 8 * MIB), expected);
  }

  @Test
  void sparsifyTakesOnlyPowersOfTwoWithinAnObject() {
    for (long wrong : new long[] {0, 512, 4097, 2 * MIB}) {
      assertThatThrownBy(() -> image.sparsify(wrong)).isInstanceOf(InvalidRequestException.class);
    }
    assertThatThrownBy(() -> image.sparsify(-4096, ProgressListener.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void loseTheObjectMap() {
    String id = image.id();
    image.close();
    ceph.tool("rados", new byte[0], "-p", "rbd", "rm", "rbd_object_map." + id);
    image = rbd.open(name);
    image.writeAt(0, data, 0, 512); // whoever takes the lock finds out
  }

  @Test
  void aLostObjectMapIsRebuilt() {
    String prefix = image.blockNamePrefix();
    loseTheObjectMap();
    assertThat(image.flags())
        .containsExactly(ImageFlag.OBJECT_MAP_INVALID, ImageFlag.FAST_DIFF_INVALID);
    assertThat(image.info().flags()).isEqualTo(image.flags());
    Progress progress = new Progress();
    image.rebuildObjectMap(progress);
    progress.assertWent();
    assertThat(image.flags()).isEmpty();
    image.close();
    ceph.rbd("object-map", "check", "rbd/" + name);
    image = rbd.open(name);
    assertThat(image.flags()).isEmpty();
    assertThat(objects(prefix)).isEqualTo(8);
    Bytes.assertEqual(Bytes.of(image, 0, 8 * MIB), data);
  }

  @Test
  void anImageWithoutObjectMapHasNoneToRebuild() {
    image.updateFeatures(EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF), false);
    assertThatThrownBy(() -> image.rebuildObjectMap(ProgressListener.NONE))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("rebuild the object map of image rbd/" + name);
  }

  @Test
  void aRebuildCanBeCancelled() {
    loseTheObjectMap();
    assertThatThrownBy(() -> image.rebuildObjectMap(Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(image.flags()).contains(ImageFlag.OBJECT_MAP_INVALID);
    image.rebuildObjectMap();
    assertThat(image.flags()).isEmpty();
  }

  @Test
  void sparsifyingCanBeCancelled() {
    image.writeZeroes(0, 8 * MIB, true);
    image.flush();
    assertThatThrownBy(() -> image.sparsify(4096, Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(objects(image.blockNamePrefix())).isPositive();
  }

  @Test
  void aShrinkingCanBeCancelled() {
    assertThatThrownBy(() -> image.resize(MIB, true, Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    Await.until("the size is the old one", () -> image.size() == (long) OBJECTS * MIB);
    assertThat(objects(image.blockNamePrefix())).isGreaterThan(1);
    Progress progress = new Progress();
    image.resize(MIB, true, progress);
    progress.assertWent();
    assertThat(image.size()).isEqualTo(MIB);
    Bytes.assertEqual(Bytes.of(image), java.util.Arrays.copyOf(data, MIB));
  }

  private String cloneOfImage() {
    image.createSnapshot("s");
    String child = Names.unique("child");
    ImageOptions options = new ImageOptions().cloneFormat(2);
    rbd.clone(name, "s", rbd, child, options);
    return child;
  }

  /** Another client does it, and cannot be told to stop. */
  @Test
  void whatTheOwnerOfTheLockDoesIsNotCancelled() {
    String child = cloneOfImage();
    try (Image owner = rbd.open(child);
        Image clone = rbd.open(child)) {
      owner.writeAt(0, new byte[] {1});
      assertThat(owner.exclusiveLock().isOwner()).isTrue();
      assertThatThrownBy(() -> clone.flatten(Progress.cancelling()))
          .isInstanceOf(CancellationException.class);
      assertThat(owner.exclusiveLock().isOwner()).isTrue();
      assertThat(clone.parent()).isEmpty();
      data[0] = 1;
      Bytes.assertEqual(Bytes.of(clone, 0, 8 * MIB), data);
    }
    rbd.remove(child);
    image.snapshot("s").remove();
  }

  @Test
  void aFlatteningCanBeCancelled() {
    String child = cloneOfImage();
    try (Image clone = rbd.open(child)) {
      assertThatThrownBy(() -> clone.flatten(Progress.cancelling()))
          .isInstanceOf(CancellationException.class);
      assertThat(clone.parent()).isPresent();
      Bytes.assertEqual(Bytes.of(clone, 0, 8 * MIB), data);
      clone.flatten();
      assertThat(clone.parent()).isEmpty();
      Bytes.assertEqual(Bytes.of(clone, 0, 8 * MIB), data);
    }
    rbd.remove(child);
    image.snapshot("s").remove();
  }

  @Test
  void aRollbackCanBeCancelled() {
    image.createSnapshot("s");
    byte[] later = Bytes.random(8 * MIB, 2);
    image.writeAt(0, later);
    image.flush();
    assertThatThrownBy(() -> image.snapshot("s").rollback(Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    assertThat(Bytes.of(image, 7 * MIB, MIB))
        .isEqualTo(java.util.Arrays.copyOfRange(later, 7 * MIB, 8 * MIB));
    image.snapshot("s").rollback(ProgressListener.NONE);
    Bytes.assertEqual(Bytes.of(image, 0, 8 * MIB), data);
    image.snapshot("s").remove();
  }

  @Test
  void aCancelledRemovalIsFinishedByAnother() {
    image.close();
    assertThatThrownBy(() -> rbd.remove(name, Progress.cancelling()))
        .isInstanceOf(CancellationException.class);
    Progress progress = new Progress();
    rbd.remove(name, progress);
    progress.assertWent();
    assertThat(rbd.exists(name)).isFalse();
  }
}
