package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_destroy;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_set_string;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_set_uint64;

import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.StripeCount;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How a new image shall be. What is not set is left to the defaults of the cluster. It is safe for
 * any number of threads and can be used for any number of images. It is an object of Java like any
 * other: there is nothing to close.
 */
public final class ImageOptions {
  /** A {@link String} for each option that is a text, a {@link Long} for each other one. */
  private final Map<ImageOption, Object> values = new ConcurrentHashMap<>();

  /** Makes options in which nothing is set. */
  public ImageOptions() {}

  /**
   * Sets the format: 2, or 1 for the old one.
   *
   * @param format the format
   * @return these options
   */
  public ImageOptions format(int format) {
    return set(ImageOption.FORMAT, format);
  }

  /**
   * Sets exactly the features that the image shall have.
   *
   * @param features the features
   * @return these options
   */
  public ImageOptions features(Set<Feature> features) {
    return set(ImageOption.FEATURES, NativeFlag.mask(features));
  }

  /**
   * Sets features that the image shall have besides the default ones.
   *
   * @param features the features
   * @return these options
   */
  public ImageOptions addFeatures(Set<Feature> features) {
    return set(ImageOption.FEATURES_SET, NativeFlag.mask(features));
  }

  /**
   * Sets features that the image shall not have although they are default ones.
   *
   * @param features the features
   * @return these options
   */
  public ImageOptions withoutFeatures(Set<Feature> features) {
    return set(ImageOption.FEATURES_CLEAR, NativeFlag.mask(features));
  }

  /**
   * Sets the object size.
   *
   * @param order its binary logarithm, 12 (4 KiB) to 25 (32 MiB); the default is 22 (4 MiB)
   * @return these options
   */
  public ImageOptions order(int order) {
    return set(ImageOption.ORDER, order);
  }

  /**
   * Sets how data is striped.
   *
   * @param unit the stripe unit in bytes
   * @param count over how many objects a stripe goes, at most 1,048,576
   * @return these options
   */
  public ImageOptions striping(long unit, long count) {
    set(ImageOption.STRIPE_UNIT, unit);
    return set(ImageOption.STRIPE_COUNT, count);
  }

  /**
   * Sets the pool for the data; the metadata lies in the pool of the image.
   *
   * @param pool the name of the pool, which may be an erasure coded one
   * @return these options
   */
  public ImageOptions dataPool(String pool) {
    return set(ImageOption.DATA_POOL, pool);
  }

  /**
   * Sets the journal of an image with the journaling feature.
   *
   * @param order the binary logarithm of the size of a journal object, 12 to 26
   * @param splayWidth over how many objects the journal goes
   * @return these options
   */
  public ImageOptions journal(int order, int splayWidth) {
    set(ImageOption.JOURNAL_ORDER, order);
    return set(ImageOption.JOURNAL_SPLAY_WIDTH, splayWidth);
  }

  /**
   * Sets the pool of the journal.
   *
   * @param pool the name of the pool
   * @return these options
   */
  public ImageOptions journalPool(String pool) {
    return set(ImageOption.JOURNAL_POOL, pool);
  }

  /**
   * Sets the version of a clone: 1, which needs a protected snapshot, or 2, which does not.
   *
   * @param format the version
   * @return these options
   */
  public ImageOptions cloneFormat(int format) {
    return set(ImageOption.CLONE_FORMAT, format);
  }

  /**
   * Sets whether a deep copy of a clone is independent of the parent.
   *
   * @param flatten true for an independent copy
   * @return these options
   */
  public ImageOptions flatten(boolean flatten) {
    return set(ImageOption.FLATTEN, flatten ? 1 : 0);
  }

  /**
   * Sets an option that is a number.
   *
   * <p>Implements: {@code int rbd_image_options_set_uint64(rbd_image_options_t opts, int optname,
   * uint64_t optval)}
   *
   * @param option the option
   * @param value its value
   * @return these options
   * @throws IllegalArgumentException if the option is a text, or if librbd would keep only a part
   *     of the value
   */
  public ImageOptions set(ImageOption option, long value) {
    requireKind(option, false);
    requireWidth(option, value);
    values.put(option, value);
    return this;
  }

  /**
   * Sets an option that is a text.
   *
   * <p>Implements: {@code int rbd_image_options_set_string(rbd_image_options_t opts, int optname,
   * const char *optval)}
   *
   * @param option the option
   * @param value its value
   * @return these options
   * @throws IllegalArgumentException if the option is a number
   */
  public ImageOptions set(ImageOption option, String value) {
    NativeStrings.require(value, "value");
    requireKind(option, true);
    values.put(option, value);
    return this;
  }

  /**
   * Refuses what does not fit. librbd cuts numbers off without a word: a stripe count of which
   * nothing is left has it divide by zero, and an order of which nothing is left is the default.
   */
  private static void requireWidth(ImageOption option, long value) {
    long most =
        switch (option) {
          case ORDER, JOURNAL_ORDER, JOURNAL_SPLAY_WIDTH -> 255;
          case STRIPE_COUNT -> StripeCount.MAX;
          default -> Long.MAX_VALUE;
        };
    if (most < Long.MAX_VALUE && (value < 0 || value > most)) {
      throw new IllegalArgumentException(
          option.name().toLowerCase(Locale.ROOT) + " " + value + " is not between 0 and " + most);
    }
  }

  /**
   * Copies the options.
   *
   * @return other options that are what these are now
   */
  public ImageOptions copy() {
    ImageOptions copy = new ImageOptions();
    copy.values.putAll(values);
    return copy;
  }

  /**
   * Reads an option that is a number.
   *
   * @param option the option
   * @return its value, empty if it is not set
   * @throws IllegalArgumentException if the option is a text
   */
  public OptionalLong getLong(ImageOption option) {
    requireKind(option, false);
    return values.get(option) instanceof Long value ? OptionalLong.of(value) : OptionalLong.empty();
  }

  /**
   * Reads an option that is a text.
   *
   * @param option the option
   * @return its value, empty if it is not set
   * @throws IllegalArgumentException if the option is a number
   */
  public Optional<String> getString(ImageOption option) {
    requireKind(option, true);
    return Optional.ofNullable((@Nullable String) values.get(option));
  }

  /**
   * Whether an option is set.
   *
   * @param option the option
   * @return true if it is set
   */
  public boolean isSet(ImageOption option) {
    return values.containsKey(Objects.requireNonNull(option, "option"));
  }

  /**
   * Unsets an option.
   *
   * @param option the option
   * @return these options
   */
  public ImageOptions unset(ImageOption option) {
    values.remove(Objects.requireNonNull(option, "option"));
    return this;
  }

  /**
   * Unsets all options.
   *
   * @return these options
   */
  public ImageOptions clear() {
    values.clear();
    return this;
  }

  /**
   * Whether no option is set.
   *
   * @return true if none is set
   */
  public boolean isEmpty() {
    return values.isEmpty();
  }

  /** A use of the options of librbd. */
  @FunctionalInterface
  interface Use {
    void with(MemorySegment options);
  }

  /**
   * Has the options of librbd for one call.
   *
   * <p>Implements: {@code void rbd_image_options_create(rbd_image_options_t *opts)} and {@code void
   * rbd_image_options_destroy(rbd_image_options_t opts)}
   *
   * @throws InvalidRequestException if the loaded librbd does not know an option
   */
  void use(Use use) {
    NativeSymbols.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      rbd_image_options_create(out);
      MemorySegment options = out.get(ValueLayout.ADDRESS, 0);
      try {
        values.forEach(
            (option, value) ->
                Failures.check(
                    set(options, option, value, arena),
                    new Operation("set", Subject.OTHER, "image option " + option)));
        use.with(options);
      } finally {
        rbd_image_options_destroy(options);
      }
    }
  }

  private static int set(MemorySegment options, ImageOption option, Object value, Arena arena) {
    return value instanceof Long number
        ? rbd_image_options_set_uint64(options, option.number(), number)
        : rbd_image_options_set_string(
            options, option.number(), NativeStrings.copy(arena, (String) value));
  }

  private static void requireKind(ImageOption option, boolean text) {
    if (option.isText() != text) {
      throw new IllegalArgumentException(
          "image option " + option + " is a " + (option.isText() ? "text" : "number"));
    }
  }

  @Override
  public String toString() {
    return "image options " + (values.isEmpty() ? "{}" : new EnumMap<>(values));
  }
}
