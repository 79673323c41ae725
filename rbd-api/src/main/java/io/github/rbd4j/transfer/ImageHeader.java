package io.github.rbd4j.transfer;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.NativeFlag;
import io.github.rbd4j.internal.StripeCount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The properties of an image at the beginning of {@code rbd export --export-format 2}, and how many
 * differences follow.
 *
 * @param order the binary logarithm of the object size
 * @param features the features as a mask
 * @param stripeUnit the stripe unit in bytes
 * @param stripeCount over how many objects a stripe goes
 * @param metadata the metadata
 * @param diffs how many differences follow: one for each snapshot, and one for the image
 */
record ImageHeader(
    long order,
    long features,
    long stripeUnit,
    long stripeCount,
    SequencedMap<String, String> metadata,
    long diffs) {
  private static final String BANNER = "rbd image v2\n";
  private static final String DIFFS_BANNER = "rbd image diffs v2\n";
  private static final int ORDER = 'O';
  private static final int FEATURES = 'T';
  private static final int STRIPE_UNIT = 'U';
  private static final int STRIPE_COUNT = 'C';
  private static final int METADATA = 'M';
  private static final int END = 'E';

  /** More than any metadata that an image can hold, and no danger to the heap. */
  private static final int MAX_METADATA = 64 << 20;

  private static final int MIN_ORDER = 12;
  private static final int MAX_ORDER = 25;

  /** What one may ask for when an image is created; the other features come from other options. */
  private static final Set<Feature> SETTABLE =
      EnumSet.of(
          Feature.LAYERING,
          Feature.EXCLUSIVE_LOCK,
          Feature.OBJECT_MAP,
          Feature.FAST_DIFF,
          Feature.DEEP_FLATTEN,
          Feature.JOURNALING);

  /** Of an image, with so many differences. */
  static ImageHeader of(Image image, long diffs) {
    var info = image.info();
    return new ImageHeader(
        info.order(),
        NativeFlag.mask(info.features()),
        info.stripeUnit(),
        info.stripeCount(),
        image.metadata(),
        diffs);
  }

  void write(StreamOutput out) throws IOException {
    out.text(BANNER);
    number(out, ORDER, order);
    number(out, FEATURES, features);
    number(out, STRIPE_UNIT, stripeUnit);
    number(out, STRIPE_COUNT, stripeCount);
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      byte[] key = entry.getKey().getBytes(StandardCharsets.UTF_8);
      byte[] value = entry.getValue().getBytes(StandardCharsets.UTF_8);
      out.u8(METADATA);
      out.le64(8L + key.length + value.length);
      out.string(key);
      out.string(value);
    }
    out.u8(END);
    out.text(DIFFS_BANNER);
    out.le64(diffs);
  }

  private static void number(StreamOutput out, int tag, long value) throws IOException {
    out.u8(tag);
    out.le64(8);
    out.le64(value);
  }

  static ImageHeader read(StreamInput in) throws IOException {
    in.expect(BANNER);
    long order = -1;
    long orderStart = 0;
    long features = 0;
    long featuresStart = 0;
    long stripeUnit = 0;
    long stripeCount = 0;
    long stripeStart = 0;
    SequencedMap<String, String> metadata = new LinkedHashMap<>();
    long metadataLeft = MAX_METADATA;
    while (true) {
      long start = in.position();
      int tag = in.u8("a record");
      if (tag == END) {
        break;
      }
      long length = in.size("the length of a record");
      switch (tag) {
        case ORDER -> {
          order = number(in, length, start);
          orderStart = start;
        }
        case FEATURES -> {
          features = number(in, length, start);
          featuresStart = start;
        }
        case STRIPE_UNIT -> {
          stripeUnit = number(in, length, start);
          stripeStart = start;
        }
        case STRIPE_COUNT -> {
          stripeCount = number(in, length, start);
          stripeStart = start;
        }
        case METADATA -> {
          metadataLeft -= length;
          if (metadataLeft < 0) {
            throw new MalformedStreamException(start, "more metadata than 64 MiB");
          }
          readMetadata(in, length, start, metadata);
        }
        default -> in.skip(length, "a record of tag " + tag);
      }
    }
    if (order < 0) {
      throw in.malformed("the properties of the image have no object size");
    }
    requireOrder(order, orderStart);
    requireFeatures(features, featuresStart);
    requireStripes(order, stripeUnit, stripeCount, stripeStart);
    in.expect(DIFFS_BANNER);
    long start = in.position();
    long diffs = in.size("the number of differences");
    if (diffs == 0) {
      throw new MalformedStreamException(start, "the image has no data");
    }
    return new ImageHeader(order, features, stripeUnit, stripeCount, metadata, diffs);
  }

  // What librbd would refuse with a less helpful error, or calculate wrongly with.

  private static void requireOrder(long order, long start) throws MalformedStreamException {
    if (order < MIN_ORDER || order > MAX_ORDER) {
      throw new MalformedStreamException(
          start, "an object size of 2^" + order + ", not 2^12 to 2^25");
    }
  }

  private static void requireFeatures(long mask, long start) throws MalformedStreamException {
    Set<Feature> features = NativeFlag.of(Feature.class, mask);
    requireWith(features, Feature.JOURNALING, Feature.EXCLUSIVE_LOCK, start);
    requireWith(features, Feature.OBJECT_MAP, Feature.EXCLUSIVE_LOCK, start);
    requireWith(features, Feature.FAST_DIFF, Feature.OBJECT_MAP, start);
  }

  private static void requireWith(
      Set<Feature> features, Feature feature, Feature needed, long start)
      throws MalformedStreamException {
    if (features.contains(feature) && !features.contains(needed)) {
      throw new MalformedStreamException(start, "the feature " + feature + " without " + needed);
    }
  }

  private static void requireStripes(long order, long unit, long count, long start)
      throws MalformedStreamException {
    boolean none = unit == 0 && count == 0;
    boolean possible =
        unit > 0 && count > 0 && (1L << order) % unit == 0 && count <= StripeCount.MAX;
    if (!none && !possible) {
      throw new MalformedStreamException(
          start, "stripes of " + unit + " bytes over " + count + " objects of 2^" + order);
    }
  }

  private static long number(StreamInput in, long length, long start) throws IOException {
    if (length != 8) {
      throw new MalformedStreamException(start, "a number of " + length + " bytes instead of 8");
    }
    return in.size("a number");
  }

  private static void readMetadata(
      StreamInput in, long length, long start, Map<String, String> metadata) throws IOException {
    long begin = in.position();
    String key = in.string((int) length, "a key");
    String value = in.string((int) length, "the value of " + key);
    if (in.position() - begin != length) {
      throw new MalformedStreamException(
          start, "metadata of " + (in.position() - begin) + " bytes in a record of " + length);
    }
    if (key.isEmpty() || key.indexOf('\0') >= 0 || value.indexOf('\0') >= 0) {
      throw new MalformedStreamException(start, "metadata with a NUL or without a key");
    }
    metadata.put(key, value);
  }

  /** How to create such an image, where the user has not said otherwise. */
  void applyTo(ImageOptions options) {
    setIfAbsent(options, ImageOption.ORDER, order);
    Set<Feature> wanted = EnumSet.copyOf(SETTABLE);
    wanted.retainAll(NativeFlag.of(Feature.class, features));
    setIfAbsent(options, ImageOption.FEATURES, NativeFlag.mask(wanted));
    // Without stripes of its own the image has those of its objects, which may get another size.
    boolean striped = stripeUnit > 0 && (stripeUnit != 1L << order || stripeCount > 1);
    if (striped && !options.isSet(ImageOption.STRIPE_COUNT)) {
      setIfAbsent(options, ImageOption.STRIPE_UNIT, stripeUnit);
      setIfAbsent(options, ImageOption.STRIPE_COUNT, stripeCount);
    }
  }

  private static void setIfAbsent(ImageOptions options, ImageOption option, long value) {
    if (!options.isSet(option)) {
      options.set(option, value);
    }
  }
}
