package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephTest;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The options of a new image. */
@CephTest
class ImageOptionsIT {
  private final Rbd rbd;
  private final ImageOptions options = new ImageOptions();

  ImageOptionsIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @Test
  void nothingIsSetAtFirst() {
    assertThat(options.isEmpty()).isTrue();
    for (ImageOption option : ImageOption.values()) {
      assertThat(options.isSet(option)).as(option.toString()).isFalse();
      if (option.isText()) {
        assertThat(options.getString(option)).isEmpty();
      } else {
        assertThat(options.getLong(option)).isEmpty();
      }
    }
  }

  @Test
  void everyOptionComesBackAndStandsAlone() {
    int value = 1;
    for (ImageOption option : ImageOption.values()) {
      if (option.isText()) {
        options.set(option, "pool-" + option);
      } else {
        options.set(option, value++);
      }
      assertThat(options.isSet(option)).as(option.toString()).isTrue();
    }
    assertThat(options.isEmpty()).isFalse();
    int expected = 1;
    for (ImageOption option : ImageOption.values()) {
      if (option.isText()) {
        assertThat(options.getString(option)).hasValue("pool-" + option);
      } else {
        assertThat(options.getLong(option)).as(option.toString()).hasValue(expected++);
      }
    }
  }

  @Test
  void unsignedNumbersOfSixtyFourBitsComeBack() {
    for (long value : new long[] {0, Integer.MAX_VALUE + 1L, Long.MAX_VALUE, -1}) {
      options.set(ImageOption.STRIPE_UNIT, value);
      assertThat(options.getLong(ImageOption.STRIPE_UNIT)).hasValue(value);
    }
  }

  @Test
  void textsOfAnyLengthComeBack() {
    for (int length : new int[] {0, 1, 255, 256, 257, 1023, 100_000}) {
      String text = "ä€".repeat(length / 2) + "x".repeat(length % 2);
      options.set(ImageOption.DATA_POOL, text);
      assertThat(options.getString(ImageOption.DATA_POOL)).hasValue(text);
    }
  }

  @Test
  void theNamedSettersSetWhatTheySay() {
    options
        .format(2)
        .features(EnumSet.of(Feature.LAYERING))
        .addFeatures(EnumSet.of(Feature.JOURNALING))
        .withoutFeatures(EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF))
        .order(23)
        .striping(65536, 4)
        .dataPool("data")
        .journal(24, 8)
        .journalPool("journal")
        .cloneFormat(2)
        .flatten(true);
    assertThat(options.getLong(ImageOption.FORMAT)).hasValue(2);
    assertThat(options.getLong(ImageOption.FEATURES)).hasValue(1);
    assertThat(options.getLong(ImageOption.FEATURES_SET)).hasValue(64);
    assertThat(options.getLong(ImageOption.FEATURES_CLEAR)).hasValue(8 + 16);
    assertThat(options.getLong(ImageOption.ORDER)).hasValue(23);
    assertThat(options.getLong(ImageOption.STRIPE_UNIT)).hasValue(65536);
    assertThat(options.getLong(ImageOption.STRIPE_COUNT)).hasValue(4);
    assertThat(options.getString(ImageOption.DATA_POOL)).hasValue("data");
    assertThat(options.getLong(ImageOption.JOURNAL_ORDER)).hasValue(24);
    assertThat(options.getLong(ImageOption.JOURNAL_SPLAY_WIDTH)).hasValue(8);
    assertThat(options.getString(ImageOption.JOURNAL_POOL)).hasValue("journal");
    assertThat(options.getLong(ImageOption.CLONE_FORMAT)).hasValue(2);
    assertThat(options.getLong(ImageOption.FLATTEN)).hasValue(1);
    assertThat(options.isSet(ImageOption.MIRROR_IMAGE_MODE)).isFalse();
    options.flatten(false).features(Set.of());
    assertThat(options.getLong(ImageOption.FLATTEN)).hasValue(0);
    assertThat(options.getLong(ImageOption.FEATURES)).hasValue(0);
  }

  @Test
  void unsetTakesOneAwayAndClearAll() {
    options.order(23).format(2).dataPool("data");
    assertThat(options.unset(ImageOption.ORDER)).isSameAs(options);
    assertThat(options.isSet(ImageOption.ORDER)).isFalse();
    assertThat(options.getLong(ImageOption.FORMAT)).hasValue(2);
    options.unset(ImageOption.ORDER); // a second time is no error
    assertThat(options.clear()).isSameAs(options);
    assertThat(options.isEmpty()).isTrue();
    assertThat(options.getString(ImageOption.DATA_POOL)).isEmpty();
  }

  @Test
  void theWrongKindIsRefused() {
    assertThatThrownBy(() -> options.set(ImageOption.ORDER, "22"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ORDER")
        .hasMessageContaining("number");
    assertThatThrownBy(() -> options.set(ImageOption.DATA_POOL, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("DATA_POOL")
        .hasMessageContaining("text");
    assertThatThrownBy(() -> options.getString(ImageOption.ORDER))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.getLong(ImageOption.DATA_POOL))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.set(ImageOption.DATA_POOL, "a\0b"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.set(ImageOption.DATA_POOL, null))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> options.isSet(null)).isInstanceOf(NullPointerException.class);
    assertThat(options.isEmpty()).isTrue();
  }

  /** Its listener runs on a thread of librbd while the options are in use. */
  @Test
  void optionsCanBeReadAndChangedWhileACallUsesThem() {
    String name = Names.unique("options");
    rbd.create(name, 4 << 20, new ImageOptions().order(20));
    options.order(21);
    AtomicInteger heard = new AtomicInteger();
    try (Image image = rbd.open(name)) {
      image.writeAt(0, new byte[] {1});
      image.copyTo(
          rbd,
          name + "-copy",
          options,
          0,
          (_, _) -> {
            assertThat(options.isSet(ImageOption.ORDER)).isTrue();
            options.set(ImageOption.ORDER, 22);
            heard.incrementAndGet();
          });
    }
    assertThat(heard.get()).isPositive();
    assertThat(options.getLong(ImageOption.ORDER)).hasValue(22);
    try (Image copy = rbd.open(name + "-copy")) {
      assertThat(copy.info().order()).isEqualTo(21);
    }
    rbd.remove(name + "-copy");
    rbd.remove(name);
  }

  @Test
  void whatIsSetReachesLibrbd() {
    String name = Names.unique("options");
    options.order(23).striping(1 << 16, 4).features(EnumSet.of(Feature.LAYERING)).journal(24, 8);
    assertThat(options).asString().contains("ORDER=23", "STRIPE_COUNT=4");
    rbd.create(name, 4096, options);
    try (Image image = rbd.open(name)) {
      assertThat(image.info().order()).isEqualTo(23);
      assertThat(image.stripeUnit()).isEqualTo(1 << 16);
      assertThat(image.stripeCount()).isEqualTo(4);
      assertThat(image.features()).contains(Feature.LAYERING).doesNotContain(Feature.OBJECT_MAP);
    }
    rbd.remove(name);
  }

  @Test
  void oneSetOfOptionsMakesManyImages() {
    options.order(20);
    for (int i = 0; i < 2; i++) {
      String name = Names.unique("options");
      rbd.create(name, 4096, options);
      try (var image = rbd.open(name)) {
        assertThat(image.info().order()).isEqualTo(20);
      }
      rbd.remove(name);
    }
    assertThat(options.getLong(ImageOption.ORDER)).hasValue(20);
  }
}
