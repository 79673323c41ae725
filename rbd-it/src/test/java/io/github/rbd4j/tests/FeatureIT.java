package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.NativeFlag;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Features have the names and numbers that Ceph's tools use. No cluster is needed. */
class FeatureIT {
  @ParameterizedTest
  @EnumSource(Feature.class)
  void librbdCallsEachFeatureWhatWeCallIt(Feature feature) {
    assertThat(Feature.format(Set.of(feature))).isEqualTo(feature.text());
    assertThat(Feature.parse(feature.text())).containsExactly(feature);
  }

  @Test
  void namesAreSeparatedByCommas() {
    Set<Feature> features = EnumSet.of(Feature.LAYERING, Feature.OBJECT_MAP, Feature.FAST_DIFF);
    assertThat(Arrays.asList(Feature.format(features).split(",", -1)))
        .containsExactlyInAnyOrder("layering", "object-map", "fast-diff");
    assertThat(Feature.parse("fast-diff,layering,object-map")).isEqualTo(features);
  }

  @Test
  void noFeatureIsAnEmptyText() {
    assertThat(Feature.format(Set.of())).isEmpty();
    assertThat(NativeFlag.of(Feature.class, 0)).isEmpty();
    assertThat(NativeFlag.mask(Set.of())).isZero();
  }

  @Test
  void aMaskIsAlsoAName() {
    assertThat(Feature.parse("61"))
        .containsExactly(
            Feature.LAYERING,
            Feature.EXCLUSIVE_LOCK,
            Feature.OBJECT_MAP,
            Feature.FAST_DIFF,
            Feature.DEEP_FLATTEN);
  }

  @Test
  void aMaskComesBack() {
    Set<Feature> all = EnumSet.allOf(Feature.class);
    assertThat(NativeFlag.of(Feature.class, NativeFlag.mask(all))).isEqualTo(all);
    assertThat(NativeFlag.of(Feature.class, 1L << 62 | Feature.LAYERING.bit()))
        .containsExactly(Feature.LAYERING);
    assertThat(Arrays.stream(Feature.values()).map(Feature::bit))
        .doesNotHaveDuplicates()
        .allSatisfy(bit -> assertThat(Long.bitCount(bit)).isOne());
  }

  @Test
  void unknownNamesAreRefused() {
    assertThatThrownBy(() -> Feature.parse("layering,warp-drive"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("warp-drive");
    assertThatThrownBy(() -> Feature.parse("layering\0,object-map"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
