package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.ConfigOption;
import io.github.rbd4j.ConfigSource;
import io.github.rbd4j.Image;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Metadata and options of pools and images are what was set last, at the nearest level. */
@CephTest
class ConfigIT {
  private static final String OPTION = "rbd_readahead_max_bytes";

  private final CephCluster ceph;
  private final SecondPool pool;
  private final Rbd rbd;
  private final String name = Names.unique("config");
  private Image image;

  ConfigIT(CephCluster ceph, Cluster cluster) {
    this.ceph = ceph;
    this.pool = new SecondPool(cluster);
    this.rbd = pool.rbd();
  }

  @BeforeEach
  void create() {
    rbd.create(name, 1 << 20);
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
    pool.close();
  }

  private static ConfigOption option(List<ConfigOption> options) {
    return options.stream().filter(o -> o.name().equals(OPTION)).findAny().orElseThrow();
  }

  private ConfigOption ofPool() {
    return option(rbd.config());
  }

  private ConfigOption ofImage() {
    return option(image.config());
  }

  @Test
  void theNearestLevelWins() {
    String standard = rbd.ioContext().cluster().config(OPTION);
    ConfigSource config = ConfigSource.CONFIG;
    ConfigSource poolLevel = ConfigSource.POOL;
    ConfigSource imageLevel = ConfigSource.IMAGE;
    assertThat(ofPool()).isEqualTo(new ConfigOption(OPTION, standard, config, config.value()));
    assertThat(ofImage()).isEqualTo(ofPool());
    rbd.setConfig(OPTION, "1000");
    assertThat(ofPool()).isEqualTo(new ConfigOption(OPTION, "1000", poolLevel, poolLevel.value()));
    assertThat(ofImage()).isEqualTo(ofPool());
    image.setConfig(OPTION, "2000");
    assertThat(ofImage())
        .isEqualTo(new ConfigOption(OPTION, "2000", imageLevel, imageLevel.value()));
    assertThat(ofPool().value()).isEqualTo("1000");
    assertThat(ceph.rbd("config", "image", "get", pool.name() + "/" + name, OPTION).strip())
        .isEqualTo("2000");
    assertThat(ceph.rbd("config", "pool", "get", pool.name(), OPTION).strip()).isEqualTo("1000");
    image.removeConfig(OPTION);
    assertThat(ofImage().value()).isEqualTo("1000");
    rbd.removeConfig(OPTION);
    assertThat(ofImage().source()).isEqualTo(config);
    assertThat(ofPool()).isEqualTo(new ConfigOption(OPTION, standard, config, config.value()));
  }

  @Test
  void whatIsNotSetCannotBeTakenBack() {
    assertThatThrownBy(() -> image.removeConfig(OPTION))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("conf_" + OPTION);
    assertThatThrownBy(() -> rbd.removeConfig(OPTION)).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void theListsAreWhole() {
    assertThat(rbd.config())
        .hasSizeGreaterThan(80)
        .extracting(ConfigOption::name)
        .doesNotHaveDuplicates()
        .allMatch(option -> option.startsWith("rbd_"));
    assertThat(image.config())
        .hasSizeGreaterThan(60)
        .extracting(ConfigOption::name)
        .doesNotHaveDuplicates()
        .allMatch(option -> option.startsWith("rbd_"));
    assertThat(image.config()).extracting(ConfigOption::source).containsOnly(ConfigSource.CONFIG);
  }

  @Test
  void metadataOfThePoolComesBack() {
    assertThat(rbd.metadata()).isEmpty();
    rbd.setMetadata("owner", "wörld");
    rbd.setMetadata("empty", "");
    rbd.setMetadata("large", "x".repeat(20_000));
    assertThat(rbd.metadata("owner")).isEqualTo("wörld");
    assertThat(rbd.metadata("empty")).isEmpty();
    assertThat(rbd.metadata("large")).hasSize(20_000);
    assertThat(rbd.metadata())
        .containsExactly(
            Map.entry("empty", ""),
            Map.entry("large", "x".repeat(20_000)),
            Map.entry("owner", "wörld"));
    rbd.setMetadata("owner", "nobody");
    assertThat(rbd.metadata("owner")).isEqualTo("nobody");
    rbd.removeMetadata("owner");
    assertThat(rbd.metadata()).containsOnlyKeys("empty", "large");
  }

  @Test
  void aMissingKeyIsSaid() {
    assertThatThrownBy(() -> rbd.metadata("nothing"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("\"nothing\"")
        .hasMessageContaining(pool.name());
    assertThatThrownBy(() -> rbd.removeMetadata("nothing"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> image.metadata("nothing")).isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> image.removeMetadata("nothing"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> rbd.setMetadata("", "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rbd.setMetadata("x", "\0"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rbd.metadata("", 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void pagesFollowEachOther() {
    for (int i = 0; i < 10; i++) {
      rbd.setMetadata("key" + i, i % 3 == 0 ? "" : "value" + i);
    }
    assertThat(rbd.metadata("", 4)).containsOnlyKeys("key0", "key1", "key2", "key3");
    assertThat(rbd.metadata("key3", 4)).containsOnlyKeys("key4", "key5", "key6", "key7");
    assertThat(rbd.metadata("key7", 4))
        .containsExactly(Map.entry("key8", "value8"), Map.entry("key9", ""));
    assertThat(rbd.metadata("key9", 4)).isEmpty();
  }

  @Test
  void moreThanAPageIsListed() {
    Map<String, String> expected = new TreeMap<>();
    for (int i = 0; i < 300; i++) {
      String key = "k%03d".formatted(i);
      expected.put(key, i % 7 == 0 ? "" : "v" + i);
      rbd.setMetadata(key, expected.get(key));
    }
    assertThat(rbd.metadata()).containsExactlyEntriesOf(expected);
  }

  @Test
  void valuesThatHoldNulsDoNotShiftTheOthers() {
    image.setMetadata("a", "first");
    image.setMetadata("c", "third");
    ceph.tool(
        "rados",
        "se\0co\0nd".getBytes(java.nio.charset.StandardCharsets.UTF_8),
        "-p",
        pool.name(),
        "setomapval",
        "rbd_header." + image.id(),
        "metadata_b");
    assertThat(image.metadata())
        .containsExactly(Map.entry("a", "first"), Map.entry("b", "se"), Map.entry("c", "third"));
    assertThat(image.metadata("b")).isEqualTo("se");
  }
}
