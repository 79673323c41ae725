package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.transfer.DiskUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What images take, against what the rbd program says. */
@CephTest
class DiskUsageIT {
  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("usage");

  DiskUsageIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name + "-clone");
    Sample.remove(rbd, name);
  }

  @SuppressWarnings("unchecked")
  private List<DiskUsage.Entry> tool(String... options) {
    List<String> arguments = new ArrayList<>(List.of("du", "--format", "json", name));
    arguments.addAll(List.of(options));
    var images =
        (List<Map<String, Object>>)
            Json.object(ceph.rbd(arguments.toArray(String[]::new))).get("images");
    return images.stream()
        .map(
            image ->
                new DiskUsage.Entry(
                    (String) image.get("snapshot"),
                    (Long) image.get("provisioned_size"),
                    (Long) image.get("used_size")))
        .toList();
  }

  @Test
  void itIsWhatTheProgramSaysWithAndWithoutFastDiff() {
    Sample.createWithHistory(rbd, name, 1);
    DiskUsage fast = DiskUsage.of(rbd, name);
    assertThat(fast.fast()).isTrue();
    assertThat(fast.entries()).isEqualTo(tool());
    assertThat(fast.entries())
        .extracting(DiskUsage.Entry::snapshot)
        .containsExactly("one", "two", null);
    assertThat(fast.provisioned()).isEqualTo(8L << 20);
    assertThat(fast.used()).isEqualTo(tool().stream().mapToLong(DiskUsage.Entry::used).sum());

    DiskUsage exact = DiskUsage.of(rbd, name, true);
    assertThat(exact.fast()).isFalse();
    assertThat(exact.entries()).isEqualTo(tool("--exact"));
    assertThat(exact.used()).isLessThan(fast.used());

    try (Image image = rbd.open(name)) {
      image.updateFeatures(Set.of(Feature.OBJECT_MAP, Feature.FAST_DIFF), false);
    }
    DiskUsage slow = DiskUsage.of(rbd, name);
    assertThat(slow.fast()).isFalse();
    assertThat(slow.entries()).isEqualTo(tool());
  }

  @Test
  void anEmptyImageTakesNothingAndACloneOnlyItsOwn() {
    Sample.create(rbd, name, 2);
    ImageOptions options = new ImageOptions();
    try (Image image = rbd.open(name)) {
      image.createSnapshot("base").protect();
      rbd.clone(name, "base", rbd, name + "-clone", options);
    }
    DiskUsage usage = DiskUsage.of(rbd, name + "-clone");
    assertThat(usage.used()).isZero();
    assertThat(usage.provisioned()).isEqualTo(Sample.SIZE);
    assertThatThrownBy(() -> DiskUsage.of(rbd, "none")).isInstanceOf(ImageNotFoundException.class);
  }
}
