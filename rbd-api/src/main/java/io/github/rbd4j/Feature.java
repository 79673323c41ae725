package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/** The features of an image. */
public enum Feature implements NativeFlag {
  /** Clones can be made from its snapshots. */
  LAYERING(librbd_constants.RBD_FEATURE_LAYERING(), "layering"),
  /** Stripes of another unit and count than one object. */
  STRIPINGV2(librbd_constants.RBD_FEATURE_STRIPINGV2(), "striping"),
  /** One client at a time owns the image for writing. */
  EXCLUSIVE_LOCK(librbd_constants.RBD_FEATURE_EXCLUSIVE_LOCK(), "exclusive-lock"),
  /** A map of the objects that exist. */
  OBJECT_MAP(librbd_constants.RBD_FEATURE_OBJECT_MAP(), "object-map"),
  /** Differences between snapshots without looking at each object. */
  FAST_DIFF(librbd_constants.RBD_FEATURE_FAST_DIFF(), "fast-diff"),
  /** Flattening also frees the snapshots of the image from its parent. */
  DEEP_FLATTEN(librbd_constants.RBD_FEATURE_DEEP_FLATTEN(), "deep-flatten"),
  /** Every change goes to a journal first, for mirroring. */
  JOURNALING(librbd_constants.RBD_FEATURE_JOURNALING(), "journaling"),
  /** The data lies in another pool than the metadata. */
  DATA_POOL(librbd_constants.RBD_FEATURE_DATA_POOL(), "data-pool"),
  /** Set by librbd: the image has operation features, see {@link OperationFeature}. */
  OPERATIONS(librbd_constants.RBD_FEATURE_OPERATIONS(), "operations"),
  /** Set by librbd: the image is being migrated. */
  MIGRATING(librbd_constants.RBD_FEATURE_MIGRATING(), "migrating"),
  /** Set by librbd: the image is the secondary one of a mirrored pair. */
  NON_PRIMARY(librbd_constants.RBD_FEATURE_NON_PRIMARY(), "non-primary"),
  /** Set by librbd: a persistent cache has data that is not in the image yet. */
  DIRTY_CACHE(librbd_constants.RBD_FEATURE_DIRTY_CACHE(), "dirty-cache");

  private final long bit;
  private final String text;

  Feature(long bit, String text) {
    this.bit = bit;
    this.text = text;
  }

  @Override
  public long bit() {
    return bit;
  }

  /**
   * The name that Ceph's tools use.
   *
   * @return for instance {@code exclusive-lock}
   */
  public String text() {
    return text;
  }

  /**
   * The names of some features, as Ceph's tools write them.
   *
   * <p>Implements: {@code int rbd_features_to_string(uint64_t features, char *str_features, size_t
   * *size)}
   *
   * @param features the features
   * @return the names, separated by commas
   */
  public static String format(Set<Feature> features) {
    NativeSymbols.load();
    long mask = NativeFlag.mask(features);
    return SizedBuffer.fetchString(
        new Operation("name", Subject.OTHER, "features " + features),
        SizedBuffer.Sizing.SIZE_POINTER,
        b -> librbd_h.rbd_features_to_string(mask, b.data(0), b.sizePointer(0)));
  }

  /**
   * The features of some names.
   *
   * <p>Implements: {@code int rbd_features_from_string(const char *str_features, uint64_t
   * *features)}
   *
   * @param names the names, separated by commas, or the mask as a number
   * @return the features; those that this version of rbd4j does not know are left out
   * @throws InvalidRequestException if a name is unknown to librbd
   */
  public static Set<Feature> parse(String names) {
    NativeStrings.require(names, "names");
    NativeSymbols.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      Failures.check(
          librbd_h.rbd_features_from_string(NativeStrings.copy(arena, names), out),
          new Operation("parse", Subject.OTHER, "features \"" + names + "\""));
      return NativeFlag.of(Feature.class, out.get(ValueLayout.JAVA_LONG, 0));
    }
  }
}
