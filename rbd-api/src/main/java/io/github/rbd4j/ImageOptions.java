package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_clear;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_destroy;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_get_string;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_get_uint64;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_is_empty;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_is_set;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_set_string;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_set_uint64;
import static io.github.rbd4j.bindings.librbd_h.rbd_image_options_unset;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How a new image shall be. What is not set is left to the defaults of the cluster. It is safe for
 * any number of threads, can be used for any number of images, and must be closed.
 */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class ImageOptions extends NativeObject {
  private final NativeHandle handle;

  /**
   * Makes options in which nothing is set.
   *
   * <p>Implements: {@code void rbd_image_options_create(rbd_image_options_t *opts)}
   */
  public ImageOptions() {
    this(create());
  }

  private ImageOptions(NativeHandle handle) {
    super(handle);
    this.handle = handle;
  }

  private static NativeHandle create() {
    NativeSymbols.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      rbd_image_options_create(out);
      return new NativeHandle(
          null,
          Subject.OTHER,
          "image options",
          out.get(ValueLayout.ADDRESS, 0),
          options -> {
            rbd_image_options_destroy(options);
            return 0;
          });
    }
  }

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
   * @param count over how many objects a stripe goes
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
   * @throws IllegalArgumentException if the option is a text
   */
  public ImageOptions set(ImageOption option, long value) {
    requireKind(option, false);
    synchronized (this) {
      handle.call(
          operation("set", option),
          opts -> rbd_image_options_set_uint64(opts, option.number(), value));
    }
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
    synchronized (this) {
      handle.callInArena(
          operation("set", option),
          (opts, arena) ->
              rbd_image_options_set_string(
                  opts, option.number(), NativeStrings.copy(arena, value)));
    }
    return this;
  }

  /**
   * Reads an option that is a number.
   *
   * <p>Implements: {@code int rbd_image_options_get_uint64(rbd_image_options_t opts, int optname,
   * uint64_t *optval)}
   *
   * @param option the option
   * @return its value, empty if it is not set
   * @throws IllegalArgumentException if the option is a text
   */
  public OptionalLong getLong(ImageOption option) {
    requireKind(option, false);
    synchronized (this) {
      return handle.use(
          (opts, arena) -> {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            int result = rbd_image_options_get_uint64(opts, option.number(), out);
            if (result == Errno.ENOENT.result()) {
              return OptionalLong.empty();
            }
            Failures.check(result, operation("get", option));
            return OptionalLong.of(out.get(ValueLayout.JAVA_LONG, 0));
          });
    }
  }

  /**
   * Reads an option that is a text.
   *
   * <p>Implements: {@code int rbd_image_options_get_string(rbd_image_options_t opts, int optname,
   * char *optval, size_t maxlen)}
   *
   * @param option the option
   * @return its value, empty if it is not set
   * @throws IllegalArgumentException if the option is a number
   */
  public Optional<String> getString(ImageOption option) {
    requireKind(option, true);
    synchronized (this) {
      if (!isSet(option)) {
        return Optional.empty();
      }
      return Optional.of(
          handle.use(
              (opts, arena) ->
                  SizedBuffer.fetchString(
                      operation("get", option),
                      Sizing.VALUE,
                      b ->
                          rbd_image_options_get_string(
                              opts, option.number(), b.data(0), b.capacity(0)))));
    }
  }

  /**
   * Whether an option is set.
   *
   * <p>Implements: {@code int rbd_image_options_is_set(rbd_image_options_t opts, int optname, bool
   * *is_set)}
   *
   * @param option the option
   * @return true if it is set
   */
  public synchronized boolean isSet(ImageOption option) {
    return handle.use(
        (opts, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.JAVA_BOOLEAN);
          Failures.check(
              rbd_image_options_is_set(opts, option.number(), out), operation("test", option));
          return out.get(ValueLayout.JAVA_BOOLEAN, 0);
        });
  }

  /**
   * Unsets an option.
   *
   * <p>Implements: {@code int rbd_image_options_unset(rbd_image_options_t opts, int optname)}
   *
   * @param option the option
   * @return these options
   */
  public synchronized ImageOptions unset(ImageOption option) {
    handle.use(
        (opts, arena) -> {
          int result = rbd_image_options_unset(opts, option.number());
          return result == Errno.ENOENT.result()
              ? 0
              : Failures.check(result, operation("unset", option));
        });
    return this;
  }

  /**
   * Unsets all options.
   *
   * <p>Implements: {@code void rbd_image_options_clear(rbd_image_options_t opts)}
   *
   * @return these options
   */
  public synchronized ImageOptions clear() {
    handle.call(
        handle.operation("clear"),
        opts -> {
          rbd_image_options_clear(opts);
          return 0;
        });
    return this;
  }

  /**
   * Whether no option is set.
   *
   * <p>Implements: {@code int rbd_image_options_is_empty(rbd_image_options_t opts)}
   *
   * @return true if none is set
   */
  public synchronized boolean isEmpty() {
    return handle.call(handle.operation("test"), opts -> rbd_image_options_is_empty(opts)) != 0;
  }

  /**
   * Frees the native memory of the options.
   *
   * <p>Implements: {@code void rbd_image_options_destroy(rbd_image_options_t opts)}
   */
  @Override
  public void close() {
    super.close();
  }

  /** A use of the native options, which librbd does not guard against being changed meanwhile. */
  @FunctionalInterface
  interface Use {
    void with(MemorySegment options);
  }

  synchronized void use(Use use) {
    MemorySegment options = handle.acquire();
    try {
      use.with(options);
    } finally {
      handle.release();
    }
  }

  private Operation operation(String verb, ImageOption option) {
    return handle.operation(verb).on(Subject.OTHER, "image option " + option);
  }

  private static void requireKind(ImageOption option, boolean text) {
    if (option.isText() != text) {
      throw new IllegalArgumentException(
          "image option " + option + " is a " + (option.isText() ? "text" : "number"));
    }
  }
}
