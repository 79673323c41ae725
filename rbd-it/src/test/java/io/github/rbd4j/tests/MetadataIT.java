package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The metadata of an image: keys and values of any content and number. */
@CephTest
class MetadataIT {
  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("metadata");
  private Image image;

  MetadataIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void open() {
    rbd.create(name, 4096);
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
  }

  @Test
  void anImageHasNoneAtFirst() {
    assertThat(image.metadata()).isEmpty();
    assertThat(image.metadata("", 10)).isEmpty();
  }

  @Test
  void whatIsSetComesBackAlsoThroughTheTool() {
    image.setMetadata("colour", "blue");
    image.setMetadata("shape", "round");
    assertThat(image.metadata("colour")).isEqualTo("blue");
    assertThat(Json.object(ceph.rbd("image-meta", "list", "--format", "json", name)))
        .isEqualTo(Map.of("colour", "blue", "shape", "round"));
    ceph.rbd("image-meta", "set", name, "size", "large");
    assertThat(image.metadata("size")).isEqualTo("large");
    image.setMetadata("colour", "red");
    assertThat(image.metadata("colour")).isEqualTo("red");
    image.removeMetadata("colour");
    assertThat(image.metadata()).isEqualTo(Map.of("shape", "round", "size", "large"));
  }

  @Test
  void aMissingKeyIsNotFound() {
    String object = "key \"none\" of the metadata of image rbd/" + name;
    Checks.fails(
        ObjectNotFoundException.class, "ENOENT", 2, "get", object, () -> image.metadata("none"));
    Checks.fails(
        ObjectNotFoundException.class,
        "ENOENT",
        2,
        "remove",
        object,
        () -> image.removeMetadata("none"));
  }

  @Test
  void emptyValuesKeepTheirKeys() {
    image.setMetadata("a", "1");
    image.setMetadata("b", "");
    image.setMetadata("c", "3");
    image.setMetadata("d", "");
    assertThat(image.metadata("b")).isEmpty();
    assertThat(image.metadata())
        .containsExactly(
            Map.entry("a", "1"), Map.entry("b", ""), Map.entry("c", "3"), Map.entry("d", ""));
  }

  @Test
  void valuesOfAHundredKilobytesComeBackWhole() {
    String first = "0123456789".repeat(10_000);
    String second = "äöü€".repeat(12_000);
    image.setMetadata("first", first);
    image.setMetadata("second", second);
    assertThat(image.metadata("first")).isEqualTo(first);
    assertThat(image.metadata("second")).isEqualTo(second);
    assertThat(image.metadata())
        .containsExactly(Map.entry("first", first), Map.entry("second", second));
  }

  @Test
  void valuesAtTheEdgesOfTheFirstBufferComeBackWhole() {
    for (int length : new int[] {254, 255, 256, 257, 511, 512, 513}) {
      String value = "x".repeat(length - 1) + "y";
      image.setMetadata("edge", value);
      assertThat(image.metadata("edge")).isEqualTo(value);
    }
  }

  @Test
  void keysAndValuesOfAnyScriptComeBack() {
    Map<String, String> texts =
        Map.of(
            "Schlüssel", "größer", "鍵", "値", "🔑", "🗝 with spaces\nand lines\t", "a/b@c", "d=e");
    texts.forEach(image::setMetadata);
    assertThat(image.metadata()).containsExactlyInAnyOrderEntriesOf(texts);
    texts.forEach((key, value) -> assertThat(image.metadata(key)).isEqualTo(value));
    assertThat(Json.object(ceph.rbd("image-meta", "list", "--format", "json", name)))
        .containsEntry("鍵", "値")
        .hasSize(4);
  }

  /** What another program wrote: rbd4j refuses to write a NUL. */
  private void setWithNul(String object, String key) {
    ceph.tool(
        "rados",
        "before\0behind".getBytes(StandardCharsets.UTF_8),
        "-p",
        "rbd",
        "setomapval",
        object,
        "metadata_" + key);
  }

  @Test
  void aValueIsCutAtItsNulAndAllOthersComeWhole() {
    for (int i = 0; i < 300; i++) {
      image.setMetadata("key-%03d".formatted(i), "value " + i);
    }
    for (String key : List.of("key-003", "key-255", "key-256")) { // a call lists 256
      setWithNul("rbd_header." + image.id(), key);
    }
    assertThat(image.metadata("key-003")).isEqualTo("before");
    SequencedMap<String, String> all = image.metadata();
    assertThat(all).hasSize(300);
    for (int i = 0; i < 300; i++) {
      assertThat(all.get("key-%03d".formatted(i)))
          .isEqualTo(i == 3 || i == 255 || i == 256 ? "before" : "value " + i);
    }
  }

  @Test
  void aValueOfThePoolIsCutAtItsNulToo() {
    String key = Names.unique("nul");
    rbd.setMetadata(key, "whole");
    setWithNul("rbd_info", key);
    rbd.setMetadata(key + "-next", "whole");
    assertThat(rbd.metadata(key)).isEqualTo("before");
    assertThat(rbd.metadata()).containsEntry(key, "before").containsEntry(key + "-next", "whole");
    rbd.removeMetadata(key);
    rbd.removeMetadata(key + "-next");
  }

  @Test
  void aThousandKeysAreAllThereAndInOrder() {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      String key = "key-%04d".formatted(i);
      keys.add(key);
      image.setMetadata(key, i % 7 == 0 ? "" : "value-" + i);
    }
    SequencedMap<String, String> all = image.metadata();
    assertThat(all.sequencedKeySet()).containsExactlyElementsOf(keys);
    for (int i = 0; i < 1000; i++) {
      assertThat(all.get(keys.get(i))).isEqualTo(i % 7 == 0 ? "" : "value-" + i);
    }
    assertThat(image.metadata("", 10).sequencedKeySet())
        .containsExactlyElementsOf(keys.subList(0, 10));
    assertThat(image.metadata("key-0009", 300).sequencedKeySet())
        .containsExactlyElementsOf(keys.subList(10, 310));
    assertThat(image.metadata("key-0997", 300).sequencedKeySet())
        .containsExactlyElementsOf(keys.subList(998, 1000));
    assertThat(image.metadata("key-0999", 1)).isEmpty();
  }

  @Test
  void aConfigurationOptionForTheImageIsMetadata() {
    image.setMetadata("conf_rbd_cache", "false");
    assertThat(
            Json.objects(ceph.rbd("config", "image", "list", "--format", "json", name)).stream()
                .filter(option -> "rbd_cache".equals(option.get("name")))
                .findFirst()
                .orElseThrow())
        .containsEntry("value", "false")
        .containsEntry("source", "image");
  }

  @Test
  void anOptionThatNoImageHasIsRefusedByCeph() {
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "set",
        "key \"conf_rbd_default_data_pool\" of the metadata of image rbd/" + name,
        () -> image.setMetadata("conf_rbd_default_data_pool", "rbd"));
    String endsTheProcessInC = "x".repeat(5000);
    assertThatThrownBy(() -> image.setConfig("rbd_default_data_pool", endsTheProcessInC))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rbd.setConfig("rbd_default_data_pool", endsTheProcessInC))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(image.metadata()).isEmpty();
  }

  @Test
  void misuseIsRefused() {
    assertThatThrownBy(() -> image.metadata((String) null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.metadata("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.setMetadata("", "x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.setMetadata("a\0b", "x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.setMetadata("a", "x\0y"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.setMetadata("a", null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.removeMetadata("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.metadata("", 0)).isInstanceOf(IllegalArgumentException.class);
    assertThat(image.metadata()).isEmpty();
  }

  @Test
  void aReadOnlyImageShowsItsMetadataAndKeepsIt() {
    image.setMetadata("a", "1");
    try (Image readOnly = rbd.openReadOnly(name)) {
      assertThat(readOnly.metadata("a")).isEqualTo("1");
      Checks.fails(
          ReadOnlyImageException.class,
          "EROFS",
          30,
          "set",
          "key \"a\" of the metadata of image rbd/" + name,
          () -> readOnly.setMetadata("a", "2"));
    }
    assertThat(image.metadata("a")).isEqualTo("1");
  }
}
