package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_clone3;
import static io.github.rbd4j.bindings.librbd_h.rbd_clone4;
import static io.github.rbd4j.bindings.librbd_h.rbd_config_pool_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_config_pool_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_create4;
import static io.github.rbd4j.bindings.librbd_h.rbd_list2;
import static io.github.rbd4j.bindings.librbd_h.rbd_pool_init;
import static io.github.rbd4j.bindings.librbd_h.rbd_pool_stats_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_pool_stats_destroy;
import static io.github.rbd4j.bindings.librbd_h.rbd_pool_stats_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_pool_stats_option_add_uint64;
import static io.github.rbd4j.bindings.librbd_h.rbd_remove_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_rename;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.bindings.rbd_image_spec_t;
import io.github.rbd4j.internal.Background;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.OpeningThread;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SameCluster;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.internal.Versions;
import io.github.rbd4j.jfr.ImageEvent;
import io.github.rbd4j.jfr.ImageOperation;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one does to the images of a pool and namespace: create, open, list, rename, remove. It is a
 * view of an {@link IoContext}, costs nothing, and is safe for any number of threads.
 */
public final class Rbd {
  private static final Opener BY_NAME =
      new Opener(false, librbd_h::rbd_open, librbd_h::rbd_aio_open);
  private static final Opener BY_ID =
      new Opener(false, librbd_h::rbd_open_by_id, librbd_h::rbd_aio_open_by_id);
  private static final Opener BY_NAME_TO_READ =
      new Opener(true, librbd_h::rbd_open_read_only, librbd_h::rbd_aio_open_read_only);
  private static final Opener BY_ID_TO_READ =
      new Opener(true, librbd_h::rbd_open_by_id_read_only, librbd_h::rbd_aio_open_by_id_read_only);

  private static final MetadataFunctions METADATA =
      new MetadataFunctions(
          librbd_h::rbd_pool_metadata_get,
          librbd_h::rbd_pool_metadata_set,
          librbd_h::rbd_pool_metadata_remove,
          librbd_h::rbd_pool_metadata_list);

  private final IoContext io;
  private final NativeHandle handle;

  /**
   * Makes the view.
   *
   * @param io the pool and namespace
   */
  public Rbd(IoContext io) {
    this.io = Objects.requireNonNull(io, "io");
    this.handle = Handles.of(io);
  }

  /**
   * The version of the loaded librbd.
   *
   * <p>Implements: {@code void rbd_version(int *major, int *minor, int *extra)}
   *
   * @return the version
   */
  public static LibraryVersion version() {
    return Versions.librbd();
  }

  /**
   * The pool and namespace of these images.
   *
   * @return what the constructor was given
   */
  public IoContext ioContext() {
    return io;
  }

  /**
   * Makes the pool ready for images.
   *
   * <p>Implements: {@code int rbd_pool_init(rados_ioctx_t io, bool force)}
   *
   * @param force also when the pool belongs to another application
   * @throws PermissionDeniedException if the pool belongs to another application
   */
  public void initPool(boolean force) {
    handle.call(handle.operation("initialize"), pool -> rbd_pool_init(pool, force));
  }

  /**
   * Adds up the images of the pool and namespace. It opens each of them.
   *
   * <p>Implements: {@code int rbd_pool_stats_get(rados_ioctx_t io, rbd_pool_stats_t stats)}, with
   * {@code void rbd_pool_stats_create(rbd_pool_stats_t *stats)}, {@code int
   * rbd_pool_stats_option_add_uint64(rbd_pool_stats_t stats, int stat_option, uint64_t *stat_val)}
   * and {@code void rbd_pool_stats_destroy(rbd_pool_stats_t stats)}
   *
   * @return the sums
   */
  public PoolImageStats poolStats() {
    int[] wanted = {
      librbd_constants.RBD_POOL_STAT_OPTION_IMAGES(),
      librbd_constants.RBD_POOL_STAT_OPTION_IMAGE_PROVISIONED_BYTES(),
      librbd_constants.RBD_POOL_STAT_OPTION_IMAGE_MAX_PROVISIONED_BYTES(),
      librbd_constants.RBD_POOL_STAT_OPTION_IMAGE_SNAPSHOTS(),
      librbd_constants.RBD_POOL_STAT_OPTION_TRASH_IMAGES(),
      librbd_constants.RBD_POOL_STAT_OPTION_TRASH_PROVISIONED_BYTES(),
      librbd_constants.RBD_POOL_STAT_OPTION_TRASH_MAX_PROVISIONED_BYTES(),
      librbd_constants.RBD_POOL_STAT_OPTION_TRASH_SNAPSHOTS()
    };
    Operation operation = handle.operation("add up the images of");
    return handle.use(
        (pool, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, wanted.length);
          rbd_pool_stats_create(out);
          MemorySegment stats = out.get(ValueLayout.ADDRESS, 0);
          try {
            for (int i = 0; i < wanted.length; i++) {
              Failures.check(
                  rbd_pool_stats_option_add_uint64(stats, wanted[i], values.asSlice(8L * i)),
                  operation);
            }
            Failures.check(rbd_pool_stats_get(pool, stats), operation);
          } finally {
            rbd_pool_stats_destroy(stats);
          }
          long[] v = values.toArray(ValueLayout.JAVA_LONG);
          return new PoolImageStats(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
        });
  }

  /**
   * Creates an image with the defaults of the cluster.
   *
   * @param name its name, without {@code /} and {@code @}
   * @param size its size in bytes
   * @throws ImageExistsException if there is an image of that name
   */
  public void create(String name, long size) {
    create(name, size, new ImageOptions());
  }

  /**
   * Creates an image.
   *
   * <p>Implements: {@code int rbd_create4(rados_ioctx_t io, const char *name, uint64_t size,
   * rbd_image_options_t opts)}
   *
   * @param name its name, without {@code /} and {@code @}
   * @param size its size in bytes
   * @param options how it shall be
   * @throws ImageExistsException if there is an image of that name
   * @throws NamespaceNotFoundException if the namespace does not exist
   * @throws ObjectNotFoundException if a pool that the options name does not exist
   * @throws ArgumentOutOfRangeException if the order is not 12 to 25
   * @throws FunctionNotSupportedException if a feature is unknown
   */
  public void create(String name, long size, ImageOptions options) {
    NativeStrings.requireNewName(name, "name");
    Ranges.requireNotNegative(size, "size");
    try {
      options.use(
          opts ->
              handle.callInArena(
                  imageOperation("create", name),
                  (pool, arena) -> rbd_create4(pool, NativeStrings.copy(arena, name), size, opts)));
    } catch (ImageNotFoundException e) {
      requireNamespace("create", name);
      // What is not there is no image: a pool that the options name.
      throw Failures.toException(
          Errno.ENOENT.result(),
          new Operation("create", Subject.OTHER, "image " + imageName(name)),
          "a pool that the options name is missing");
    }
  }

  /**
   * Explains an ENOENT of something that was to be made in this namespace: librbd gives the same
   * for a missing namespace as for a missing parent or pool.
   */
  private void requireNamespace(String verb, String image) {
    String namespace = io.namespace();
    if (!namespace.isEmpty() && !namespaces().exists(namespace)) {
      throw Failures.toException(
          Errno.ENOENT.result(),
          new Operation(verb + " image " + image + " in", Subject.NAMESPACE, handle.name()),
          null);
    }
  }

  /**
   * Clones a snapshot: makes an image that shares the data of the snapshot until it is written.
   *
   * <p>Implements: {@code int rbd_clone3(rados_ioctx_t p_ioctx, const char *p_name, const char
   * *p_snapname, rados_ioctx_t c_ioctx, const char *c_name, rbd_image_options_t c_opts)}
   *
   * @param parent the image of the snapshot, in this pool and namespace
   * @param snapshot the snapshot; it must be protected, unless the clone format is 2
   * @param child where the clone goes
   * @param childName the name of the clone, without {@code /} and {@code @}
   * @param options how the clone shall be
   * @throws ImageNotFoundException if there is no such parent or snapshot
   * @throws NamespaceNotFoundException if the namespace of the clone does not exist
   * @throws ImageExistsException if there is an image of the name of the clone
   * @throws InvalidRequestException if the snapshot is of size 0, or is not protected and the clone
   *     format is 1
   * @throws IllegalArgumentException if the clone would be in another cluster
   */
  public void clone(
      String parent, String snapshot, Rbd child, String childName, ImageOptions options) {
    NativeStrings.requireName(parent, "parent");
    NativeStrings.requireName(snapshot, "snapshot");
    ImageOptions now = options.copy(); // they must not change in between
    clone(
        imageName(parent) + "@" + snapshot,
        child,
        childName,
        now,
        operation -> {
          try (Image source = open(parent, OpenOptions.at(snapshot))) {
            boolean isProtected = source.snapshot(snapshot).isProtected();
            new CloneSource(source, operation).require(isProtected, child, now);
          }
        },
        (pool, arena, childPool, opts) ->
            rbd_clone3(
                pool,
                NativeStrings.copy(arena, parent),
                NativeStrings.copy(arena, snapshot),
                childPool,
                NativeStrings.copy(arena, childName),
                opts));
  }

  /**
   * Clones a snapshot that is given by its id, so that it can also be one of a group. Needs librbd
   * of Ceph 20 or newer.
   *
   * <p>Implements: {@code int rbd_clone4(rados_ioctx_t p_ioctx, const char *p_name, uint64_t
   * p_snap_id, rados_ioctx_t c_ioctx, const char *c_name, rbd_image_options_t c_opts)}
   *
   * @param parent the image of the snapshot, in this pool and namespace
   * @param snapshotId the id of the snapshot
   * @param child where the clone goes
   * @param childName the name of the clone, without {@code /} and {@code @}
   * @param options how the clone shall be
   * @throws UnsupportedOperationException if the loaded librbd is older
   * @throws ImageNotFoundException if there is no such parent or snapshot
   * @throws ImageExistsException if there is an image of the name of the clone
   * @throws IllegalArgumentException if the clone would be in another cluster
   */
  public void clone(
      String parent, long snapshotId, Rbd child, String childName, ImageOptions options) {
    NativeStrings.requireName(parent, "parent");
    NativeSymbols.require("rbd_clone4");
    ImageOptions now = options.copy(); // they must not change in between
    clone(
        imageName(parent) + "@id:" + snapshotId,
        child,
        childName,
        now,
        operation -> {
          try (Image source = openReadOnly(parent)) {
            source.setSnapshot(snapshotId);
            String name = source.snapshotName(snapshotId);
            boolean isProtected =
                source.snapshotNamespace(snapshotId).type() == SnapshotNamespaceType.USER
                    && !name.isEmpty()
                    && source.snapshot(name).isProtected();
            new CloneSource(source, operation).require(isProtected, child, now);
          }
        },
        (pool, arena, childPool, opts) ->
            rbd_clone4(
                pool,
                NativeStrings.copy(arena, parent),
                snapshotId,
                childPool,
                NativeStrings.copy(arena, childName),
                opts));
  }

  @FunctionalInterface
  private interface CloneCall {
    int on(MemorySegment pool, Arena arena, MemorySegment childPool, MemorySegment options);
  }

  private void clone(
      String what,
      Rbd child,
      String childName,
      ImageOptions options,
      Consumer<Operation> check,
      CloneCall call) {
    NativeStrings.requireNewName(childName, "childName");
    SameCluster.require(io.cluster(), child.io.cluster());
    Operation operation =
        handle.operation("clone").on(Subject.IMAGE, what + " to " + child.imageName(childName));
    try {
      check.accept(operation);
    } catch (ObjectNotFoundException missing) {
      // The clone says what is missing, in its own words.
    }
    try {
      options.use(
          opts ->
              child.handle.use(
                  (childPool, _) ->
                      handle.callInArena(
                          operation, (pool, arena) -> call.on(pool, arena, childPool, opts))));
    } catch (ImageNotFoundException e) {
      child.requireNamespace("clone", childName);
      throw e;
    }
  }

  /**
   * The trash of the pool and namespace.
   *
   * @return what one can do with it
   */
  public Trash trash() {
    return new Trash(this);
  }

  /**
   * Migrations of images to or within the pool and namespace.
   *
   * @return what one can do with them
   */
  public Migration migration() {
    return new Migration(this);
  }

  /**
   * The namespaces of the pool.
   *
   * @return what one can do with them
   */
  public Namespaces namespaces() {
    return new Namespaces(this);
  }

  // --------------------------------------------------------------------------------- metadata

  /**
   * Reads a value of the metadata of the pool.
   *
   * <p>Implements: {@code int rbd_pool_metadata_get(rados_ioctx_t io_ctx, const char *key, char
   * *value, size_t *val_len)}
   *
   * @param key the key
   * @return the value, as far as its first NUL if another program wrote one into it
   * @throws ObjectNotFoundException if there is no such key
   */
  public String metadata(String key) {
    return METADATA.get(handle, key);
  }

  /**
   * Sets a value of the metadata of the pool. Keys that begin with {@code conf_} set a
   * configuration option for its images.
   *
   * <p>Implements: {@code int rbd_pool_metadata_set(rados_ioctx_t io_ctx, const char *key, const
   * char *value)}
   *
   * @param key the key
   * @param value the value, which may be empty
   */
  public void setMetadata(String key, String value) {
    METADATA.set(handle, key, value);
  }

  /**
   * Removes a value of the metadata of the pool.
   *
   * <p>Implements: {@code int rbd_pool_metadata_remove(rados_ioctx_t io_ctx, const char *key)}
   *
   * @param key the key
   * @throws ObjectNotFoundException if there is no such key
   */
  public void removeMetadata(String key) {
    METADATA.remove(handle, key);
  }

  /**
   * All metadata of the pool.
   *
   * @return the values by their keys, in the order of the keys
   */
  public SequencedMap<String, String> metadata() {
    return METADATA.all(handle);
  }

  /**
   * A page of the metadata of the pool.
   *
   * <p>Implements: {@code int rbd_pool_metadata_list(rados_ioctx_t io_ctx, const char *start,
   * uint64_t max, char *keys, size_t *key_len, char *values, size_t *vals_len)}
   *
   * @param after the key behind which to begin, empty for the first page
   * @param max how many entries at the most, at least 1
   * @return the values by their keys, in the order of the keys
   */
  public SequencedMap<String, String> metadata(String after, long max) {
    return METADATA.page(handle, after, max);
  }

  /**
   * The configuration options that hold for the images of the pool.
   *
   * <p>Implements: {@code int rbd_config_pool_list(rados_ioctx_t io_ctx, rbd_config_option_t
   * *options, int *max_options)}, with {@code void rbd_config_pool_list_cleanup(rbd_config_option_t
   * *options, int max_options)}
   *
   * @return each option with its value and where that comes from
   */
  public List<ConfigOption> config() {
    return handle.use(
        (pool, arena) ->
            ConfigOption.list(
                handle.operation("list the configuration of"),
                b -> rbd_config_pool_list(pool, b.data(0), b.sizePointer(0)),
                (array, count) -> rbd_config_pool_list_cleanup(array, (int) count)));
  }

  /**
   * Sets a configuration option for the images of the pool.
   *
   * @param option the name of the option, for instance {@code rbd_cache}
   * @param value its value
   */
  public void setConfig(String option, String value) {
    setMetadata(ConfigOption.metadataKey(option), value);
  }

  /**
   * Takes back what {@link #setConfig} has set.
   *
   * @param option the name of the option
   * @throws ObjectNotFoundException if it was not set for the pool
   */
  public void removeConfig(String option) {
    removeMetadata(ConfigOption.metadataKey(option));
  }

  /**
   * The images of the pool and namespace.
   *
   * <p>Implements: {@code int rbd_list2(rados_ioctx_t io, rbd_image_spec_t *images, size_t
   * *max_images)}, with {@code void rbd_image_spec_list_cleanup(rbd_image_spec_t *images, size_t
   * num_images)}
   *
   * @return names and ids, in the order of the names
   */
  public List<ImageSpec> list() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchList(
                handle.operation("list the images of"),
                Slot.array(rbd_image_spec_t.layout(), 64),
                b -> rbd_list2(pool, b.data(0), b.sizePointer(0)),
                spec ->
                    new ImageSpec(
                        NativeStrings.read(rbd_image_spec_t.id(spec)),
                        NativeStrings.read(rbd_image_spec_t.name(spec))),
                librbd_h::rbd_image_spec_list_cleanup));
  }

  /**
   * Whether there is an image of a name.
   *
   * @param name the name
   * @return true if it can be opened
   */
  public boolean exists(String name) {
    try (Image image = openReadOnly(name)) {
      return !image.isClosed();
    } catch (ImageNotFoundException e) {
      return false;
    }
  }

  /**
   * Opens an image for reading and writing.
   *
   * @param name its name
   * @return the open image; close it when done
   * @throws ImageNotFoundException if there is none of that name
   */
  public Image open(String name) {
    return open(name, OpenOptions.readWrite());
  }

  /**
   * Opens an image for reading only. Such an image does not hear of changes by others: it keeps its
   * size and its list of snapshots. The cluster does not know of it, so that others can remove the
   * image; within a second from then on its reads throw {@link ImageNotFoundException}, and all
   * that takes longer, as diffs and copies, throws it at its end. See also {@link Image#flush}.
   *
   * @param name its name
   * @return the open image; close it when done
   * @throws ImageNotFoundException if there is none of that name
   */
  public Image openReadOnly(String name) {
    return open(name, OpenOptions.forReading());
  }

  /**
   * Opens an image.
   *
   * <p>Implements: {@code int rbd_open(rados_ioctx_t io, const char *name, rbd_image_t *image,
   * const char *snap_name)}, {@code int rbd_open_read_only(rados_ioctx_t io, const char *name,
   * rbd_image_t *image, const char *snap_name)}
   *
   * @param name its name
   * @param options how to open it
   * @return the open image; close it when done
   * @throws ImageNotFoundException if there is none of that name, or no such snapshot of it
   */
  public Image open(String name, OpenOptions options) {
    NativeStrings.requireName(name, "name");
    return open(imageName(name), name, options, options.readOnly() ? BY_NAME_TO_READ : BY_NAME);
  }

  /**
   * Opens an image for reading and writing, without waiting for it.
   *
   * @param name its name
   * @return the open image; close it when done
   */
  public CompletableFuture<Image> openAsync(String name) {
    return openAsync(name, OpenOptions.readWrite());
  }

  /**
   * Opens an image without waiting for it. If the future is cancelled, or fails otherwise, the
   * image is closed as soon as it is open. If the pool is closed meanwhile, the future fails with
   * {@link IllegalStateException}.
   *
   * <p>Implements: {@code int rbd_aio_open(rados_ioctx_t io, const char *name, rbd_image_t *image,
   * const char *snap_name, rbd_completion_t c)}, {@code int rbd_aio_open_read_only(rados_ioctx_t
   * io, const char *name, rbd_image_t *image, const char *snap_name, rbd_completion_t c)}
   *
   * @param name its name
   * @param options how to open it
   * @return the open image; close it when done. Fails with {@link ImageNotFoundException} if there
   *     is none of that name, or no such snapshot of it
   */
  public CompletableFuture<Image> openAsync(String name, OpenOptions options) {
    NativeStrings.requireName(name, "name");
    Objects.requireNonNull(options, "options");
    return openInBackground(() -> open(name, options));
  }

  /**
   * Opens an image by its id for reading and writing.
   *
   * @param id its id
   * @return the open image; close it when done
   * @throws ImageNotFoundException if there is none of that id
   */
  public Image openById(String id) {
    return openById(id, OpenOptions.readWrite());
  }

  /**
   * Opens an image by its id, also one in the trash.
   *
   * <p>Implements: {@code int rbd_open_by_id(rados_ioctx_t io, const char *id, rbd_image_t *image,
   * const char *snap_name)}, {@code int rbd_open_by_id_read_only(rados_ioctx_t io, const char *id,
   * rbd_image_t *image, const char *snap_name)}
   *
   * @param id its id
   * @param options how to open it
   * @return the open image; close it when done
   * @throws ImageNotFoundException if there is none of that id, or no such snapshot of it
   */
  public Image openById(String id, OpenOptions options) {
    NativeStrings.requireName(id, "id");
    return open(imageName("id:" + id), id, options, options.readOnly() ? BY_ID_TO_READ : BY_ID);
  }

  /**
   * Opens an image by its id for reading and writing, without waiting for it.
   *
   * @param id its id
   * @return the open image; close it when done
   */
  public CompletableFuture<Image> openByIdAsync(String id) {
    return openByIdAsync(id, OpenOptions.readWrite());
  }

  /**
   * Opens an image by its id, also one in the trash, without waiting for it. See {@link
   * #openAsync(String, OpenOptions)}.
   *
   * <p>Implements: {@code int rbd_aio_open_by_id(rados_ioctx_t io, const char *id, rbd_image_t
   * *image, const char *snap_name, rbd_completion_t c)}, {@code int
   * rbd_aio_open_by_id_read_only(rados_ioctx_t io, const char *id, rbd_image_t *image, const char
   * *snap_name, rbd_completion_t c)}
   *
   * @param id its id
   * @param options how to open it
   * @return the open image; close it when done. Fails with {@link ImageNotFoundException} if there
   *     is none of that id, or no such snapshot of it
   */
  public CompletableFuture<Image> openByIdAsync(String id, OpenOptions options) {
    NativeStrings.requireName(id, "id");
    Objects.requireNonNull(options, "options");
    return openInBackground(() -> openById(id, options));
  }

  private CompletableFuture<Image> openInBackground(Supplier<Image> opening) {
    return Background.call(
        io.cluster().executor(),
        () -> {
          Image image = opening.get();
          if (handle.isClosed()) { // which closes the image, at once or in a moment
            throw new IllegalStateException(handle.description() + " is closed");
          }
          return image;
        },
        Image::close);
  }

  /** The two forms of a function that opens an image: one blocks, the other calls back. */
  private record Opener(boolean readOnly, Blocking blocking, Asynchronous asynchronous) {
    @FunctionalInterface
    interface Blocking {
      int open(MemorySegment pool, MemorySegment name, MemorySegment out, MemorySegment snapshot);
    }

    @FunctionalInterface
    interface Asynchronous {
      int open(
          MemorySegment pool,
          MemorySegment name,
          MemorySegment out,
          MemorySegment snapshot,
          MemorySegment completion);
    }

    long open(MemorySegment pool, MemorySegment name, MemorySegment out, MemorySegment snapshot) {
      return Completions.call(
          completion -> asynchronous.open(pool, name, out, snapshot, completion),
          () -> blocking.open(pool, name, out, snapshot));
    }
  }

  private Image open(String imageName, String text, OpenOptions options, Opener opener) {
    String fullName = imageName + (options.snapshot() == null ? "" : "@" + options.snapshot());
    return ImageEvent.recorded(
        ImageOperation.OPEN.begin(),
        fullName,
        0,
        0,
        () -> new Image(this, open(handle, fullName, text, options.snapshot(), opener), options));
  }

  /** Opens an image for its own use once more, to read and write; it closes that with itself. */
  NativeHandle openAgain(Image image, NativeHandle parent) {
    String id = image.id();
    String fullName = parent.name() + " (second handle)";
    return id.isEmpty()
        ? open(parent, fullName, image.name(), null, BY_NAME)
        : open(parent, fullName, id, null, BY_ID);
  }

  private NativeHandle open(
      NativeHandle parent, String fullName, String text, @Nullable String snapshot, Opener opener) {
    return handle.use(
        (pool, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          Failures.check(
              opener.open(
                  pool,
                  NativeStrings.copy(arena, text),
                  out,
                  NativeStrings.copyOrNull(arena, snapshot)),
              new Operation("open", Subject.IMAGE, fullName));
          MemorySegment image = out.get(ValueLayout.ADDRESS, 0);
          NativeHandle opened =
              new NativeHandle(parent, Subject.IMAGE, fullName, image, Image::closeNative);
          if (opener.readOnly()) {
            try {
              OpeningThread.awaitLeft(image, arena, snapshot != null);
            } catch (Throwable failure) { // nobody else could close it
              opened.close();
              throw failure;
            }
          }
          return opened;
        });
  }

  /**
   * Removes an image for ever.
   *
   * @param name its name
   * @throws ImageNotFoundException if there is none of that name
   * @throws ImageHasSnapshotsException if it has snapshots
   * @throws ImageBusyException if somebody has it open
   */
  public void remove(String name) {
    remove(name, ProgressListener.NONE);
  }

  /**
   * Removes an image for ever and tells how far it is. An exception out of the listener stops the
   * removal and leaves an image that can only be removed: call again.
   *
   * <p>Implements: {@code int rbd_remove_with_progress(rados_ioctx_t io, const char *name,
   * librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param name its name
   * @param listener told the number of objects
   * @throws ImageNotFoundException if there is none of that name
   * @throws ImageHasSnapshotsException if it has snapshots
   * @throws ImageBusyException if somebody has it open
   */
  public void remove(String name, ProgressListener listener) {
    NativeStrings.requireName(name, "name");
    handle.callWithProgress(
        imageOperation("remove", name),
        listener,
        (pool, arena, argument) ->
            rbd_remove_with_progress(
                pool, NativeStrings.copy(arena, name), Upcalls.progressStub(), argument));
  }

  /**
   * Renames an image, which may be open.
   *
   * <p>Implements: {@code int rbd_rename(rados_ioctx_t src_io_ctx, const char *srcname, const char
   * *destname)}
   *
   * @param name its name
   * @param newName its new name, without {@code /} and {@code @}
   * @throws ImageNotFoundException if there is none of that name
   * @throws ImageExistsException if there is one of the new name
   */
  public void rename(String name, String newName) {
    NativeStrings.requireName(name, "name");
    NativeStrings.requireNewName(newName, "newName");
    handle.callInArena(
        imageOperation("rename", name),
        (pool, arena) ->
            rbd_rename(pool, NativeStrings.copy(arena, name), NativeStrings.copy(arena, newName)));
  }

  /** The full name of an image of this pool and namespace. */
  String imageName(String image) {
    return handle.name() + "/" + image;
  }

  Operation imageOperation(String verb, String image) {
    return new Operation(verb, Subject.IMAGE, imageName(image));
  }

  @Override
  public String toString() {
    return "images of " + io;
  }
}
