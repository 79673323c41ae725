package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageFlag;
import io.github.rbd4j.ImageInfo;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.NativeFlag;
import io.github.rbd4j.OperationFeature;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an image says of itself, and what changes it. */
@CephTest
class ImageInfoIT {
  private static final int MIB = 1 << 20;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("info");
  private Image image;

  ImageInfoIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void open() {
    ImageOptions options = new ImageOptions();
    rbd.create(name, 10 * MIB, options.order(20));
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
  }

  private Map<String, Object> tool() {
    return Json.object(ceph.rbd("info", "--format", "json", name));
  }

  private static List<String> texts(Set<Feature> features) {
    return features.stream().map(Feature::text).toList();
  }

  @Test
  void theMasksHaveTheBitsOfTheSets() {
    image.createSnapshot("s").remove();
    ImageInfo info = image.info();
    assertThat(image.featureMask()).isEqualTo(NativeFlag.mask(image.features())).isNotZero();
    assertThat(info.featureMask()).isEqualTo(image.featureMask());
    assertThat(image.operationFeatureMask()).isEqualTo(NativeFlag.mask(image.operationFeatures()));
    assertThat(info.operationFeatureMask()).isEqualTo(image.operationFeatureMask());
    assertThat(image.flagMask()).isEqualTo(NativeFlag.mask(image.flags()));
    assertThat(info.flagMask()).isEqualTo(image.flagMask());
  }

  @Test
  void everyFieldIsWhatTheToolTells() {
    ImageInfo info = image.info();
    Map<String, Object> told = tool();
    assertThat(info.name()).isEqualTo(name).isEqualTo(told.get("name"));
    assertThat(info.id()).isEqualTo(told.get("id")).isEqualTo(image.id());
    assertThat(info.size()).isEqualTo(10L * MIB).isEqualTo(told.get("size"));
    assertThat(info.objectCount()).isEqualTo(10L).isEqualTo(told.get("objects"));
    assertThat((long) info.order()).isEqualTo(20L).isEqualTo(told.get("order"));
    assertThat(info.objectSize()).isEqualTo((long) MIB).isEqualTo(told.get("object_size"));
    assertThat(info.blockNamePrefix()).isEqualTo(told.get("block_name_prefix"));
    assertThat(texts(info.features())).isEqualTo(told.get("features"));
    assertThat(info.operationFeatures()).isEmpty();
    assertThat(told.get("op_features")).isEqualTo(List.of());
    assertThat(info.flags()).isEmpty();
    assertThat(info.dataPoolId()).isEqualTo(rbd.ioContext().poolId());
    assertThat(info.stripeUnit()).isEqualTo(MIB);
    assertThat(info.stripeCount()).isEqualTo(1);
    assertThat(info.overlap()).isZero();
    assertThat(info.oldFormat()).isFalse();
  }

  @Test
  void everyPropertyIsTheFieldOfTheInfo() {
    ImageInfo info = image.info();
    assertThat(image.name()).isEqualTo(info.name());
    assertThat(image.id()).isEqualTo(info.id());
    assertThat(image.size()).isEqualTo(info.size());
    assertThat(image.blockNamePrefix()).isEqualTo(info.blockNamePrefix());
    assertThat(image.dataPoolId()).isEqualTo(info.dataPoolId());
    assertThat(image.stripeUnit()).isEqualTo(info.stripeUnit());
    assertThat(image.stripeCount()).isEqualTo(info.stripeCount());
    assertThat(image.features()).isEqualTo(info.features());
    assertThat(image.operationFeatures()).isEqualTo(info.operationFeatures());
    assertThat(image.flags()).isEqualTo(info.flags());
    assertThat(image.overlap()).isEqualTo(info.overlap());
    assertThat(image.isOldFormat()).isEqualTo(info.oldFormat());
  }

  @Test
  void theTimesArePlausible() {
    ImageInfo info = image.info();
    Instant now = Instant.now();
    assertThat(info.created()).isBetween(now.minusSeconds(10), now.plusSeconds(2));
    assertThat(info.accessed()).isBetween(info.created(), now.plusSeconds(2));
    assertThat(info.modified()).isBetween(info.created(), now.plusSeconds(2));
    Map<String, Object> told =
        Json.object(
            ceph.tool("env", new byte[0], "TZ=UTC", "rbd", "info", "--format", "json", name)
                .text());
    String created =
        java.time.format.DateTimeFormatter.ofPattern(
                "EEE MMM ppd HH:mm:ss yyyy", java.util.Locale.US)
            .withZone(java.time.ZoneOffset.UTC)
            .format(info.created());
    assertThat(told.get("create_timestamp")).isEqualTo(created);
  }

  @Test
  void aSnapshotThatIsSetShowsItsSize() {
    image.createSnapshot("s");
    image.resize(20 * MIB, false);
    image.setSnapshot("s");
    assertThat(image.info().size()).isEqualTo(10L * MIB);
    assertThat(image.info().objectCount()).isEqualTo(10);
    image.unsetSnapshot();
    assertThat(image.info().size()).isEqualTo(20L * MIB);
    image.snapshot("s").remove();
  }

  @Test
  void featuresAreTurnedOffAndOn() {
    image.updateFeatures(EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF), false);
    assertThat(image.features())
        .containsExactlyInAnyOrder(Feature.LAYERING, Feature.EXCLUSIVE_LOCK, Feature.DEEP_FLATTEN);
    assertThat(texts(image.features())).isEqualTo(tool().get("features"));
    image.writeAt(0, new byte[MIB]);
    image.updateFeatures(
        EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF, Feature.JOURNALING), true);
    assertThat(texts(image.features())).isEqualTo(tool().get("features"));
    assertThat(image.features()).contains(Feature.JOURNALING, Feature.FAST_DIFF);
    // Turned on while there is data, the maps do not tell the truth yet.
    assertThat(image.flags())
        .containsExactlyInAnyOrder(ImageFlag.OBJECT_MAP_INVALID, ImageFlag.FAST_DIFF_INVALID);
    assertThat(tool().get("flags")).isEqualTo(List.of("object map invalid", "fast diff invalid"));
    ceph.rbd("object-map", "rebuild", "--no-progress", name);
    Checks.await("the flags go with the rebuilt map", () -> image.flags().isEmpty());
    image.updateFeatures(EnumSet.of(Feature.JOURNALING), false);
    assertThat(image.features()).doesNotContain(Feature.JOURNALING);
  }

  @Test
  void featuresThatCannotBeChangedStay() {
    Set<Feature> before = image.features();
    for (Feature feature : List.of(Feature.LAYERING, Feature.STRIPINGV2, Feature.DATA_POOL)) {
      assertThatThrownBy(() -> image.updateFeatures(EnumSet.of(feature), false))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("update the features of image rbd/" + name);
    }
    // what others need
    assertThatThrownBy(() -> image.updateFeatures(EnumSet.of(Feature.EXCLUSIVE_LOCK), false))
        .isInstanceOf(InvalidRequestException.class);
    assertThat(image.features()).isEqualTo(before);
    assertThatThrownBy(() -> image.updateFeatures(null, true))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void anImageGrowsAndKeepsItsData() {
    byte[] data = Checks.random(10 * MIB, 1);
    image.writeAt(0, data);
    image.resize(25 * MIB + 1, false);
    assertThat(image.size()).isEqualTo(25 * MIB + 1);
    assertThat(tool()).containsEntry("size", 25L * MIB + 1).containsEntry("objects", 26L);
    byte[] back = new byte[25 * MIB + 1];
    assertThat(image.readAt(0, back)).isEqualTo(back.length);
    assertThat(Arrays.equals(back, Arrays.copyOf(data, back.length))).isTrue();
    image.writeAt(25 * MIB, new byte[] {1});
  }

  @Test
  void anImageShrinksWithProgressAndForgetsWhatWasBehind() {
    image.writeAt(0, Checks.random(10 * MIB, 2));
    Checks.Progress progress = new Checks.Progress();
    image.resize(3 * MIB + 5, true, progress);
    progress.assertPlausible();
    assertThat(image.size()).isEqualTo(3 * MIB + 5);
    image.resize(10 * MIB, false);
    byte[] behind = new byte[7 * MIB - 5];
    assertThat(image.readAt(3 * MIB + 5, behind)).isEqualTo(behind.length);
    assertThat(Arrays.equals(behind, new byte[behind.length])).isTrue();
  }

  @Test
  void anImageDoesNotShrinkUnlessItMay() {
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "resize",
        "image rbd/" + name,
        () -> image.resize(MIB, false));
    assertThat(image.size()).isEqualTo(10 * MIB);
    image.resize(10 * MIB, false);
    assertThatThrownBy(() -> image.resize(-1, true)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.resize(1, true, null)).isInstanceOf(NullPointerException.class);
    assertThat(image.size()).isEqualTo(10 * MIB);
  }

  @Test
  void whatAListenerThrowsComesOutOfTheResize() {
    image.writeAt(0, Checks.random(10 * MIB, 3));
    CancellationException mine = new CancellationException("enough");
    assertThatThrownBy(
            () ->
                image.resize(
                    MIB,
                    true,
                    (done, total) -> {
                      throw mine;
                    }))
        .isSameAs(mine);
    image.resize(MIB, true);
    assertThat(image.size()).isEqualTo(MIB);
    assertThat(image.readAt(0, new byte[MIB])).isEqualTo(MIB);
  }

  @Test
  void aCloneKnowsItsOverlapUntilItIsFlattened() {
    byte[] data = Checks.random(10 * MIB, 4);
    image.writeAt(0, data);
    image.createSnapshot("s");
    String child = Names.unique("info-clone");
    ImageOptions options = new ImageOptions();
    rbd.clone(name, "s", rbd, child, options.cloneFormat(2));
    try (Image clone = rbd.open(child)) {
      assertThat(clone.overlap()).isEqualTo(10 * MIB);
      assertThat(clone.info().operationFeatures()).containsExactly(OperationFeature.CLONE_CHILD);
      Map<String, Object> told = Json.object(ceph.rbd("info", "--format", "json", child));
      assertThat(told.get("parent").toString())
          .contains("image=" + name + ",")
          .contains("overlap=" + 10 * MIB);
      clone.resize(4 * MIB, true);
      assertThat(clone.overlap()).isEqualTo(4 * MIB);
      clone.resize(6 * MIB, false);
      assertThat(clone.overlap()).isEqualTo(4 * MIB);
      clone.writeAt(5, new byte[] {1, 2, 3});
      Checks.Progress progress = new Checks.Progress();
      clone.flatten(progress);
      progress.assertPlausible();
      assertThat(clone.overlap()).isZero();
      assertThat(clone.info().operationFeatures()).isEmpty();
      Checks.fails(
          InvalidRequestException.class,
          "EINVAL",
          22,
          "flatten",
          "image rbd/" + child,
          () -> clone.flatten((done, total) -> {}));
      assertThatThrownBy(() -> clone.flatten(null)).isInstanceOf(NullPointerException.class);
      byte[] expected = Arrays.copyOf(Arrays.copyOf(data, 4 * MIB), 6 * MIB);
      expected[5] = 1;
      expected[6] = 2;
      expected[7] = 3;
      byte[] back = new byte[6 * MIB];
      clone.readAt(0, back);
      assertThat(Arrays.equals(back, expected)).isTrue();
    }
    rbd.remove(child);
    image.snapshot("s").remove();
  }

  @Test
  void aClosedImageTellsNothing() {
    image.close();
    for (Runnable call :
        List.<Runnable>of(
            () -> image.info(),
            () -> image.size(),
            () -> image.name(),
            () -> image.id(),
            () -> image.features(),
            () -> image.flags(),
            () -> image.overlap(),
            () -> image.resize(1, true),
            () -> image.flatten((done, total) -> {}),
            () -> image.metadata(),
            () -> image.flush())) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("image rbd/" + name + " is closed");
    }
    assertThat(image).hasToString("image rbd/" + name + " (closed)");
  }
}
