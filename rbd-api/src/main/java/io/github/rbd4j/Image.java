package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_close;
import static io.github.rbd4j.bindings.librbd_h.rbd_close;
import static io.github.rbd4j.bindings.librbd_h.rbd_config_image_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_config_image_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_copy_with_progress2;
import static io.github.rbd4j.bindings.librbd_h.rbd_copy_with_progress4;
import static io.github.rbd4j.bindings.librbd_h.rbd_deep_copy_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_diff_iterate2;
import static io.github.rbd4j.bindings.librbd_h.rbd_diff_iterate3;
import static io.github.rbd4j.bindings.librbd_h.rbd_flatten_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_access_timestamp;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_block_name_prefix;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_create_timestamp;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_data_pool_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_features;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_flags;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_group;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_migration_source_spec;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_modify_timestamp;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_name;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_old_format;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_op_features;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_overlap;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_parent;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_stripe_count;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_stripe_unit;
import static io.github.rbd4j.bindings.librbd_h.rbd_invalidate_cache;
import static io.github.rbd4j.bindings.librbd_h.rbd_rebuild_object_map;
import static io.github.rbd4j.bindings.librbd_h.rbd_resize2;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_create2;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_limit;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_name;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_namespace_type;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_timestamp;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_list_end;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_remove_by_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_set;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_set_by_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_set_limit;
import static io.github.rbd4j.bindings.librbd_h.rbd_sparsify_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_stat;
import static io.github.rbd4j.bindings.librbd_h.rbd_update_features;
import static io.github.rbd4j.bindings.librbd_h.rbd_update_watch;
import static io.github.rbd4j.bindings.librbd_h.rbd_watchers_list;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.bindings.rbd_group_info_t;
import io.github.rbd4j.bindings.rbd_image_info_t;
import io.github.rbd4j.bindings.rbd_image_watcher_t;
import io.github.rbd4j.bindings.rbd_linked_image_spec_t;
import io.github.rbd4j.bindings.rbd_snap_info_t;
import io.github.rbd4j.bindings.rbd_snap_spec_t;
import io.github.rbd4j.internal.Background;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.CopiedSnapshots;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.NativeTime;
import io.github.rbd4j.internal.NewImage;
import io.github.rbd4j.internal.OffCarrier;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.RemovedSnapshots;
import io.github.rbd4j.internal.SameCluster;
import io.github.rbd4j.internal.SerialNotifier;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.jfr.ImageEvent;
import io.github.rbd4j.jfr.ImageOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An open image. It is safe for any number of threads, with one exception that librbd makes: {@link
 * #setSnapshot} changes what all users of this object read.
 *
 * <p>Data goes in and out at offsets in bytes, through three kinds of memory. A native {@link
 * MemorySegment} and a direct {@link ByteBuffer} are handed to librbd as they are; arrays and heap
 * buffers are copied through bounded native staging memory. Transfers of any length are possible.
 */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class Image extends NativeObject {
  private static final MetadataFunctions METADATA =
      new MetadataFunctions(
          librbd_h::rbd_metadata_get,
          librbd_h::rbd_metadata_set,
          librbd_h::rbd_metadata_remove,
          librbd_h::rbd_metadata_list);

  private final Rbd rbd;
  private final NativeHandle handle;
  private final ImageIo data;
  private final InFlight inFlight;
  private final QuiesceSeats quiesceSeats;
  private final @Nullable Presence presence;
  private volatile boolean atSnapshot;

  Image(Rbd rbd, NativeHandle handle, OpenOptions options) {
    super(handle);
    this.rbd = rbd;
    this.handle = handle;
    this.presence = options.readOnly() ? new Presence(this, handle) : null;
    this.data = new ImageIo(handle, presence);
    this.inFlight = new InFlight(handle);
    this.quiesceSeats = new QuiesceSeats(this, handle);
    String snapshot = options.snapshot();
    this.atSnapshot = snapshot != null;
    if (presence != null && snapshot != null) {
      presence.setSnapshot(snapshot(snapshot).id());
    }
  }

  /**
   * Whether it was opened for writing, and shows the image itself and not a snapshot. What another
   * client has locked can still not be written.
   *
   * @return false if every write fails with {@link ReadOnlyImageException}
   */
  public boolean isWritable() {
    return presence == null && !atSnapshot;
  }

  /**
   * The images of the pool and namespace that this image was opened from.
   *
   * @return the view that opened it
   */
  public Rbd rbd() {
    return rbd;
  }

  // ---------------------------------------------------------------------------------- data

  /**
   * Reads into native or heap memory.
   *
   * <p>Implements: {@code ssize_t rbd_read2(rbd_image_t image, uint64_t ofs, size_t len, char *buf,
   * int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param target the memory, filled from its start
   * @return the number of bytes read: the size of the target, or less where the image ends; -1 if
   *     the offset is at or behind the end; 0 if the target is empty
   * @throws IllegalArgumentException if the offset is negative or the target read-only
   */
  public long readAt(long offset, MemorySegment target) {
    return data.read(offset, target, 0);
  }

  /**
   * Reads into native or heap memory, with hints.
   *
   * @param offset where to begin, in bytes
   * @param target the memory, filled from its start
   * @param flags the hints
   * @return as of {@link #readAt(long, MemorySegment)}
   * @throws IllegalArgumentException if the offset is negative or the target read-only
   */
  public long readAt(long offset, MemorySegment target, Set<IoFlag> flags) {
    return data.read(offset, target, (int) NativeFlag.mask(flags));
  }

  /**
   * Reads into a buffer, between its position and its limit, and advances the position.
   *
   * @param offset where to begin, in bytes
   * @param target the buffer
   * @return the number of bytes read: what remained in the buffer, or less where the image ends; -1
   *     if the offset is at or behind the end; 0 if nothing remained
   * @throws IllegalArgumentException if the offset is negative
   * @throws java.nio.ReadOnlyBufferException if the buffer is read-only
   */
  public int readAt(long offset, ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new java.nio.ReadOnlyBufferException();
    }
    int count = (int) data.read(offset, MemorySegment.ofBuffer(target), 0);
    if (count > 0) {
      target.position(target.position() + count);
    }
    return count;
  }

  /**
   * Reads into an array.
   *
   * @param offset where to begin, in bytes
   * @param target the array, filled from its start
   * @return the number of bytes read: the length of the array, or less where the image ends; -1 if
   *     the offset is at or behind the end; 0 if the array is empty
   * @throws IllegalArgumentException if the offset is negative
   */
  public int readAt(long offset, byte[] target) {
    return (int) data.read(offset, MemorySegment.ofArray(target), 0);
  }

  /**
   * Reads into a part of an array.
   *
   * @param offset where to begin, in bytes
   * @param target the array
   * @param start the first index to fill
   * @param length how many bytes to read
   * @return the number of bytes read: the length, or less where the image ends; -1 if the offset is
   *     at or behind the end; 0 if the length is 0
   * @throws IllegalArgumentException if the offset is negative
   * @throws IndexOutOfBoundsException if the part does not lie within the array
   */
  public int readAt(long offset, byte[] target, int start, int length) {
    Objects.checkFromIndexSize(start, length, target.length);
    return (int) data.read(offset, MemorySegment.ofArray(target).asSlice(start, length), 0);
  }

  /**
   * Writes all of some native or heap memory.
   *
   * <p>Implements: {@code ssize_t rbd_write2(rbd_image_t image, uint64_t ofs, size_t len, const
   * char *buf, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param source the memory
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   * @throws ReadOnlyImageException if the image cannot be written
   * @throws IncompleteWriteException if another client shrank the image meanwhile
   */
  public void writeAt(long offset, MemorySegment source) {
    data.write(offset, source, 0);
  }

  /**
   * Writes all of some native or heap memory, with hints.
   *
   * @param offset where to begin, in bytes
   * @param source the memory
   * @param flags the hints
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   * @throws ReadOnlyImageException if the image cannot be written
   * @throws IncompleteWriteException if another client shrank the image meanwhile
   */
  public void writeAt(long offset, MemorySegment source, Set<IoFlag> flags) {
    data.write(offset, source, (int) NativeFlag.mask(flags));
  }

  /**
   * Writes what is between the position and the limit of a buffer, and advances the position.
   *
   * @param offset where to begin, in bytes
   * @param source the buffer
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   * @throws ReadOnlyImageException if the image cannot be written
   * @throws IncompleteWriteException if another client shrank the image meanwhile
   */
  public void writeAt(long offset, ByteBuffer source) {
    data.write(offset, MemorySegment.ofBuffer(source), 0);
    source.position(source.limit());
  }

  /**
   * Writes an array.
   *
   * @param offset where to begin, in bytes
   * @param source the array
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   * @throws ReadOnlyImageException if the image cannot be written
   * @throws IncompleteWriteException if another client shrank the image meanwhile
   */
  public void writeAt(long offset, byte[] source) {
    data.write(offset, MemorySegment.ofArray(source), 0);
  }

  /**
   * Writes a part of an array.
   *
   * @param offset where to begin, in bytes
   * @param source the array
   * @param start the first index to write
   * @param length how many bytes to write
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   * @throws IndexOutOfBoundsException if the part does not lie within the array
   * @throws ReadOnlyImageException if the image cannot be written
   * @throws IncompleteWriteException if another client shrank the image meanwhile
   */
  public void writeAt(long offset, byte[] source, int start, int length) {
    Objects.checkFromIndexSize(start, length, source.length);
    data.write(offset, MemorySegment.ofArray(source).asSlice(start, length), 0);
  }

  /**
   * Tells the cluster that a range is not needed any more. What is read from it afterwards is zeros
   * or the old data: librbd skips what is smaller than its granularity (option {@code
   * rbd_discard_granularity_bytes}, 64 KiB). Use {@link #writeZeroes} where zeros are wanted.
   *
   * <p>Implements: {@code int rbd_discard(rbd_image_t image, uint64_t ofs, uint64_t len)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @throws IllegalArgumentException if the range does not lie within the image
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void discard(long offset, long length) {
    data.discard(offset, length);
  }

  /**
   * Makes a range read as zeros, freeing its space where possible.
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @throws IllegalArgumentException if the range does not lie within the image
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void writeZeroes(long offset, long length) {
    data.writeZeroes(offset, length, 0);
  }

  /**
   * Makes a range read as zeros, and keeps or frees its space.
   *
   * <p>Implements: {@code ssize_t rbd_write_zeroes(rbd_image_t image, uint64_t ofs, size_t len, int
   * zero_flags, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @param thickProvision whether to allocate the space of the zeros
   * @throws IllegalArgumentException if the range does not lie within the image
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void writeZeroes(long offset, long length, boolean thickProvision) {
    data.writeZeroes(
        offset,
        length,
        thickProvision ? librbd_constants.RBD_WRITE_ZEROES_FLAG_THICK_PROVISION() : 0);
  }

  /**
   * Fills a range with a repeated pattern.
   *
   * <p>Implements: {@code ssize_t rbd_writesame(rbd_image_t image, uint64_t ofs, size_t len, const
   * char *buf, size_t data_len, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes, a multiple of the pattern
   * @param pattern the pattern, at most 4 MiB
   * @throws IllegalArgumentException if the length is not a multiple of the pattern, or the range
   *     does not lie within the image
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void writeSame(long offset, long length, MemorySegment pattern) {
    data.writeSame(offset, length, pattern);
  }

  /**
   * Fills a range with a repeated pattern.
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes, a multiple of the pattern
   * @param pattern the pattern, at most 4 MiB
   * @throws IllegalArgumentException if the length is not a multiple of the pattern, or the range
   *     does not lie within the image
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void writeSame(long offset, long length, byte[] pattern) {
    data.writeSame(offset, length, MemorySegment.ofArray(pattern));
  }

  /**
   * Writes data if the image holds what is expected, as one atomic step.
   *
   * <p>The range must lie within one object; librbd before Ceph 18 takes at most one aligned sector
   * of 512 bytes.
   *
   * <p>Implements: {@code ssize_t rbd_compare_and_write(rbd_image_t image, uint64_t ofs, size_t
   * len, const char *cmp_buf, const char *buf, uint64_t *mismatch_off, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold
   * @param replacement what to write then, of the same length
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   * @throws IllegalArgumentException if the lengths differ, or the range does not lie within the
   *     image
   * @throws InvalidRequestException if librbd cannot do it for this range
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public OptionalLong compareAndWrite(
      long offset, MemorySegment expected, MemorySegment replacement) {
    return data.compareAndWrite(offset, expected, replacement);
  }

  /**
   * Writes data if the image holds what is expected, as one atomic step. See {@link
   * #compareAndWrite(long, MemorySegment, MemorySegment)}.
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold
   * @param replacement what to write then, of the same length
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   */
  public OptionalLong compareAndWrite(long offset, byte[] expected, byte[] replacement) {
    return data.compareAndWrite(
        offset, MemorySegment.ofArray(expected), MemorySegment.ofArray(replacement));
  }

  /**
   * Waits until every write that returned before is safe in the cluster.
   *
   * <p>With the settings that {@link io.github.rbd4j.rados.ClusterBuilder} makes, a write that
   * returned is in the cluster already. With {@code rbd_cache_policy} set to {@code writeback} it
   * may be in librbd's cache only; when such a flush throws, the cache keeps what it could not
   * write, and a later flush that returns tells that it has been written.
   *
   * <p>If the image is open for reading only, there is nothing to write; then a flush that returns
   * tells that the image, or the snapshot that is read, was there all the time: all that was read
   * before was in it.
   *
   * <p>Implements: {@code int rbd_flush(rbd_image_t image)}
   *
   * @throws ImageNotFoundException if the image is open for reading only and was removed
   * @throws SnapshotNotFoundException if the snapshot that is read was removed
   */
  public void flush() {
    data.flush();
  }

  /**
   * Writes back and drops what librbd's cache holds of the image.
   *
   * <p>Implements: {@code int rbd_invalidate_cache(rbd_image_t image)}
   */
  public void invalidateCache() {
    handle.call(handle.operation("invalidate the cache of"), image -> rbd_invalidate_cache(image));
  }

  /**
   * The data operations without waiting for them, with {@link AsyncOptions#defaults}.
   *
   * @return a view of this image with a queue of its own
   */
  public AsyncImage async() {
    return async(AsyncOptions.defaults());
  }

  /**
   * The data operations without waiting for them.
   *
   * @param options how many may be in flight, and the like
   * @return a view of this image with a queue of its own
   */
  public AsyncImage async(AsyncOptions options) {
    Objects.requireNonNull(options, "options");
    return new AsyncImage(
        handle,
        data,
        inFlight,
        rbd.ioContext().cluster().executor(),
        options,
        new AsyncQueue(options));
  }

  // ------------------------------------------------------------------------------- properties

  /**
   * The size, of the snapshot if the image is open at one.
   *
   * <p>Implements: {@code int rbd_get_size(rbd_image_t image, uint64_t *size)}
   *
   * @return the size in bytes
   */
  public long size() {
    return data.size();
  }

  /**
   * The name that the image has now.
   *
   * <p>Implements: {@code int rbd_get_name(rbd_image_t image, char *name, size_t *name_len)}
   *
   * @return the name
   */
  public String name() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                handle.operation("get the name of"),
                Sizing.SIZE_POINTER,
                b -> rbd_get_name(image, b.data(0), b.sizePointer(0))));
  }

  /**
   * The id, which stays the same when the image is renamed.
   *
   * <p>Implements: {@code int rbd_get_id(rbd_image_t image, char *id, size_t id_len)}
   *
   * @return the id; empty for an image of format 1
   */
  public String id() {
    if (isOldFormat()) {
      return "";
    }
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                handle.operation("get the id of"),
                Sizing.VALUE,
                b -> rbd_get_id(image, b.data(0), b.capacity(0))));
  }

  /**
   * What the names of the data objects begin with.
   *
   * <p>Implements: {@code int rbd_get_block_name_prefix(rbd_image_t image, char *prefix, size_t
   * prefix_len)}
   *
   * @return the prefix
   */
  public String blockNamePrefix() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                handle.operation("get the block name prefix of"),
                Sizing.VALUE,
                b -> rbd_get_block_name_prefix(image, b.data(0), b.capacity(0))));
  }

  /**
   * The pool in which the data lies.
   *
   * <p>Implements: {@code int64_t rbd_get_data_pool_id(rbd_image_t image)}
   *
   * @return the number of the pool
   */
  public long dataPoolId() {
    return handle.call(handle.operation("get the data pool of"), i -> rbd_get_data_pool_id(i));
  }

  /**
   * The features.
   *
   * @return the features
   */
  public Set<Feature> features() {
    return NativeFlag.of(Feature.class, featureMask());
  }

  /**
   * The bits of {@link #features}, also those that this version of rbd4j does not know.
   *
   * <p>Implements: {@code int rbd_get_features(rbd_image_t image, uint64_t *features)}
   *
   * @return the mask of librbd
   */
  public long featureMask() {
    return handle.callForLong(
        handle.operation("get the features of"), (i, arena, out) -> rbd_get_features(i, out));
  }

  /**
   * Turns features on or off. Of those that can be changed, see Ceph's documentation. An object map
   * that is turned on is not valid until {@link #rebuildObjectMap()}.
   *
   * <p>Implements: {@code int rbd_update_features(rbd_image_t image, uint64_t features, uint8_t
   * enabled)}
   *
   * @param features the features
   * @param enabled true to turn them on, false to turn them off
   * @throws InvalidRequestException if one cannot be changed, or needs another
   */
  public void updateFeatures(Set<Feature> features, boolean enabled) {
    long mask = NativeFlag.mask(features);
    handle.call(
        handle.operation("update the features of"),
        image -> rbd_update_features(image, mask, (byte) (enabled ? 1 : 0)));
  }

  /**
   * What librbd notes about the use of the image.
   *
   * @return the operation features
   */
  public Set<OperationFeature> operationFeatures() {
    return NativeFlag.of(OperationFeature.class, operationFeatureMask());
  }

  /**
   * The bits of {@link #operationFeatures}, also those that this version of rbd4j does not know.
   *
   * <p>Implements: {@code int rbd_get_op_features(rbd_image_t image, uint64_t *op_features)}
   *
   * @return the mask of librbd
   */
  public long operationFeatureMask() {
    return handle.callForLong(
        handle.operation("get the operation features of"),
        (i, arena, out) -> rbd_get_op_features(i, out));
  }

  /**
   * What is wrong with the metadata.
   *
   * @return the flags, mostly none
   */
  public Set<ImageFlag> flags() {
    return NativeFlag.of(ImageFlag.class, flagMask());
  }

  /**
   * The bits of {@link #flags}, also those that this version of rbd4j does not know.
   *
   * <p>Implements: {@code int rbd_get_flags(rbd_image_t image, uint64_t *flags)}
   *
   * @return the mask of librbd
   */
  public long flagMask() {
    return handle.callForLong(
        handle.operation("get the flags of"), (i, arena, out) -> rbd_get_flags(i, out));
  }

  /**
   * How much still comes from the parent.
   *
   * <p>Implements: {@code int rbd_get_overlap(rbd_image_t image, uint64_t *overlap)}
   *
   * @return the number of bytes from the start; 0 if the image is no clone
   */
  public long overlap() {
    return handle.callForLong(
        handle.operation("get the overlap of"), (i, arena, out) -> rbd_get_overlap(i, out));
  }

  /**
   * Whether the image has format 1.
   *
   * <p>Implements: {@code int rbd_get_old_format(rbd_image_t image, uint8_t *old)}
   *
   * @return true for format 1
   */
  public boolean isOldFormat() {
    return handle.callForLong(
            handle.operation("get the format of"), (i, arena, out) -> rbd_get_old_format(i, out))
        != 0;
  }

  /**
   * The stripe unit.
   *
   * <p>Implements: {@code int rbd_get_stripe_unit(rbd_image_t image, uint64_t *stripe_unit)}
   *
   * @return the stripe unit in bytes
   */
  public long stripeUnit() {
    return handle.callForLong(
        handle.operation("get the stripe unit of"), (i, arena, out) -> rbd_get_stripe_unit(i, out));
  }

  /**
   * Over how many objects a stripe goes.
   *
   * <p>Implements: {@code int rbd_get_stripe_count(rbd_image_t image, uint64_t *stripe_count)}
   *
   * @return the stripe count
   */
  public long stripeCount() {
    return handle.callForLong(
        handle.operation("get the stripe count of"),
        (i, arena, out) -> rbd_get_stripe_count(i, out));
  }

  /**
   * All that is known about the image.
   *
   * <p>Implements: {@code int rbd_stat(rbd_image_t image, rbd_image_info_t *info, size_t
   * infosize)}, {@code int rbd_get_create_timestamp(rbd_image_t image, struct timespec
   * *timestamp)}, {@code int rbd_get_access_timestamp(rbd_image_t image, struct timespec
   * *timestamp)}, {@code int rbd_get_modify_timestamp(rbd_image_t image, struct timespec
   * *timestamp)}
   *
   * @return the properties
   */
  public ImageInfo info() {
    Operation operation = handle.operation("get information about");
    return handle.use(
        (image, arena) -> {
          MemorySegment stat = rbd_image_info_t.allocate(arena);
          Failures.check(rbd_stat(image, stat, stat.byteSize()), operation);
          NativeTime time = new NativeTime(arena);
          long featureMask = featureMask();
          long operationFeatureMask = operationFeatureMask();
          long flagMask = flagMask();
          return new ImageInfo(
              name(),
              id(),
              rbd_image_info_t.size(stat),
              rbd_image_info_t.obj_size(stat),
              rbd_image_info_t.num_objs(stat),
              rbd_image_info_t.order(stat),
              blockNamePrefix(),
              dataPoolId(),
              stripeUnit(),
              stripeCount(),
              NativeFlag.of(Feature.class, featureMask),
              featureMask,
              NativeFlag.of(OperationFeature.class, operationFeatureMask),
              operationFeatureMask,
              NativeFlag.of(ImageFlag.class, flagMask),
              flagMask,
              time.read(operation, out -> rbd_get_create_timestamp(image, out)),
              time.read(operation, out -> rbd_get_access_timestamp(image, out)),
              time.read(operation, out -> rbd_get_modify_timestamp(image, out)),
              overlap(),
              isOldFormat());
        });
  }

  /**
   * Changes the size.
   *
   * @param size the new size in bytes
   * @param allowShrink whether it may become smaller, which loses the data behind the new end
   * @throws InvalidRequestException if it would become smaller and may not
   */
  public void resize(long size, boolean allowShrink) {
    resize(size, allowShrink, ProgressListener.NONE);
  }

  /**
   * Changes the size and tells how far it is. An exception out of the listener stops a shrinking.
   *
   * <p>Implements: {@code int rbd_resize2(rbd_image_t image, uint64_t size, bool allow_shrink,
   * librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param size the new size in bytes
   * @param allowShrink whether it may become smaller, which loses the data behind the new end
   * @param listener told the number of objects
   * @throws InvalidRequestException if it would become smaller and may not
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void resize(long size, boolean allowShrink, ProgressListener listener) {
    Ranges.requireNotNegative(size, "size");
    handle.callWithProgress(
        handle.operation("resize"),
        listener,
        (image, arena, argument) ->
            rbd_resize2(image, size, allowShrink, Upcalls.progressStub(), argument));
  }

  /**
   * Copies all that a clone still shares with its parent, so that it needs it no more.
   *
   * @throws InvalidRequestException if the image is no clone
   */
  public void flatten() {
    flatten(ProgressListener.NONE);
  }

  /**
   * Copies all that a clone still shares with its parent, so that it needs it no more. An exception
   * out of the listener stops it.
   *
   * <p>Implements: {@code int rbd_flatten_with_progress(rbd_image_t image, librbd_progress_fn_t cb,
   * void *cbdata)}
   *
   * @param listener told the number of objects
   * @throws InvalidRequestException if the image is no clone
   */
  public void flatten(ProgressListener listener) {
    handle.callWithProgress(
        handle.operation("flatten"),
        listener,
        (image, arena, argument) ->
            rbd_flatten_with_progress(image, Upcalls.progressStub(), argument));
  }

  /**
   * Frees the space of ranges that hold only zeros.
   *
   * @param sparseSize the smallest range to look for in bytes, a power of two from 4096 to the
   *     object size
   * @throws InvalidRequestException if the sparse size is not possible
   */
  public void sparsify(long sparseSize) {
    sparsify(sparseSize, ProgressListener.NONE);
  }

  /**
   * Frees the space of ranges that hold only zeros. An exception out of the listener stops it.
   *
   * <p>Implements: {@code int rbd_sparsify_with_progress(rbd_image_t image, size_t sparse_size,
   * librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param sparseSize the smallest range to look for in bytes, a power of two from 4096 to the
   *     object size
   * @param listener told the number of objects
   * @throws InvalidRequestException if the sparse size is not possible
   */
  public void sparsify(long sparseSize, ProgressListener listener) {
    Ranges.requireNotNegative(sparseSize, "sparseSize");
    handle.callWithProgress(
        handle.operation("sparsify"),
        listener,
        (image, arena, argument) ->
            rbd_sparsify_with_progress(image, sparseSize, Upcalls.progressStub(), argument));
  }

  /**
   * Makes the object map anew by looking at each object: that of the image, or that of the snapshot
   * which this handle shows since {@link #setSnapshot(String)}. Each snapshot has one of its own.
   *
   * @throws InvalidRequestException if the image has no object map
   */
  public void rebuildObjectMap() {
    rebuildObjectMap(ProgressListener.NONE);
  }

  /**
   * Makes the object map anew by looking at each object. An exception out of the listener stops it.
   *
   * <p>Implements: {@code int rbd_rebuild_object_map(rbd_image_t image, librbd_progress_fn_t cb,
   * void *cbdata)}
   *
   * @param listener told the number of objects
   * @throws InvalidRequestException if the image has no object map
   */
  public void rebuildObjectMap(ProgressListener listener) {
    handle.callWithProgress(
        handle.operation("rebuild the object map of"),
        listener,
        (image, arena, argument) ->
            rbd_rebuild_object_map(image, Upcalls.progressStub(), argument));
  }

  // ----------------------------------------------------------------------------------- copies

  /**
   * Copies what this object shows into another open image. See {@link #copyTo(Image,
   * ProgressListener)}.
   *
   * @param target the other image
   */
  public void copyTo(Image target) {
    copyTo(target, ProgressListener.NONE);
  }

  /**
   * Copies what this object shows into another open image, which must be as large at least, and
   * should be new: where this one has no data, or only zeros, the other keeps what it has. An
   * exception out of the listener comes out of here when the copy is done: librbd does not stop it.
   *
   * <p>Implements: {@code int rbd_copy_with_progress2(rbd_image_t src, rbd_image_t dest,
   * librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param target the other image
   * @param listener told the number of bytes
   * @throws InvalidRequestException if the other image is smaller
   * @throws UnsupportedOperationException if this is a clone, and librbd would leave out what it
   *     shares with its parent: at a snapshot of it, or as the owner of its exclusive lock. If it
   *     has become the owner meanwhile, the copy is done, and possibly incomplete
   */
  public void copyTo(Image target, ProgressListener listener) {
    requireWholeCopy();
    OffCarrier.run(
        () ->
            target.handle.use(
                (to, _) ->
                    handle.callWithUpcall(
                        handle.operation("copy"),
                        Objects.requireNonNull(listener, "listener"),
                        (image, arena, argument) ->
                            rbd_copy_with_progress2(image, to, Upcalls.progressStub(), argument))));
    requireWholeCopy();
    data.requirePresent();
  }

  /**
   * Refuses what librbd (16 to 20) would copy incompletely without a word. It skips the objects
   * that are not in the object map, and those that a clone shares with its parent are not. It has
   * that map when it shows a snapshot, or while it owns the exclusive lock.
   */
  private void requireWholeCopy() {
    if (features().contains(Feature.OBJECT_MAP)
        && overlap() > 0
        && (atSnapshot || exclusiveLock().isOwner())) {
      throw new UnsupportedOperationException(
          "librbd leaves out what "
              + handle
              + " shares with its parent, because it uses the object map: copy from an image that"
              + " was opened for reading, make a deep copy, or flatten it before");
    }
  }

  /**
   * Copies what this object shows into a new image, without snapshots. See {@link #copyTo(Rbd,
   * String, ImageOptions, long, ProgressListener)}.
   *
   * @param target where the new image goes
   * @param name the name of the new image, without {@code /} and {@code @}
   * @param options how it shall be
   */
  public void copyTo(Rbd target, String name, ImageOptions options) {
    copyTo(target, name, options, 0, ProgressListener.NONE);
  }

  /**
   * Copies what this object shows into a new image, without snapshots. An exception out of the
   * listener comes out of here when the copy is done: librbd does not stop it.
   *
   * <p>Implements: {@code int rbd_copy_with_progress4(rbd_image_t image, rados_ioctx_t dest_p,
   * const char *destname, rbd_image_options_t dest_opts, librbd_progress_fn_t cb, void *cbdata,
   * size_t sparse_size)}
   *
   * @param target where the new image goes, also in another cluster
   * @param name the name of the new image, without {@code /} and {@code @}
   * @param options how it shall be
   * @param sparseSize ranges of zeros of this size in bytes are left out; 0 for the default
   * @param listener told the number of bytes
   * @throws ImageExistsException if there is an image of that name
   * @throws UnsupportedOperationException if this is a clone, and librbd would leave out what it
   *     shares with its parent: at a snapshot of it, or as the owner of its exclusive lock. If it
   *     has become the owner meanwhile, the copy is there, and possibly incomplete
   */
  public void copyTo(
      Rbd target, String name, ImageOptions options, long sparseSize, ProgressListener listener) {
    Ranges.requireNotNegative(sparseSize, "sparseSize");
    requireWholeCopy();
    copy(
        copyOperation("copy", target, name),
        target,
        options,
        listener,
        (image, arena, pool, opts, argument) ->
            rbd_copy_with_progress4(
                image,
                pool,
                NativeStrings.copy(arena, name),
                opts,
                Upcalls.progressStub(),
                argument,
                sparseSize));
    requireWholeCopy();
    data.requirePresent();
  }

  /**
   * Copies the image with its snapshots into a new image. See {@link #deepCopyTo(Rbd, String,
   * ImageOptions, ProgressListener)}.
   *
   * @param target where the new image goes
   * @param name the name of the new image, without {@code /} and {@code @}
   * @param options how it shall be
   */
  public void deepCopyTo(Rbd target, String name, ImageOptions options) {
    deepCopyTo(target, name, options, ProgressListener.NONE);
  }

  /**
   * Copies the image with its snapshots into a new image, which is a clone of the same parent
   * unless {@link ImageOptions#flatten} is set. An exception out of the listener comes out of here
   * when the copy is done: librbd does not stop it.
   *
   * <p>librbd leaves out data, in silence, while OSDs are still removing a snapshot of the image,
   * which goes on for a while after its removal has returned. So this waits for them, for a minute
   * at most or until this thread is interrupted, and compares what the copy has of each snapshot
   * with what the image has.
   *
   * <p>Implements: {@code int rbd_deep_copy_with_progress(rbd_image_t image, rados_ioctx_t
   * dest_io_ctx, const char *destname, rbd_image_options_t dest_opts, librbd_progress_fn_t cb, void
   * *cbdata)}
   *
   * @param target where the new image goes, also in another cluster
   * @param name the name of the new image, without {@code /} and {@code @}
   * @param options how it shall be
   * @param listener told the number of bytes
   * @throws ImageExistsException if there is an image of that name
   * @throws IllegalArgumentException if the image is a clone, the target is in another cluster,
   *     where there is no such parent, and {@link ImageOptions#flatten} is not set
   * @throws IncompleteCopyException if librbd has left out data of a snapshot, or it was removed
   *     while it was copied; the copy is removed
   */
  public void deepCopyTo(Rbd target, String name, ImageOptions options, ProgressListener listener) {
    ImageOptions now = options.copy(); // they must not change in between
    if (now.getLong(ImageOption.FLATTEN).orElse(0) == 0 && parent().isPresent()) {
      SameCluster.require(rbd.ioContext().cluster(), target.ioContext().cluster());
    }
    Operation operation = copyOperation("deep copy", target, name);
    Objects.requireNonNull(listener, "listener");
    Upcalls.refuseInsideCallback(handle);
    boolean hasSnapshots = !snapshots().isEmpty();
    RemovedSnapshots.await(this);
    copy(
        operation,
        target,
        now,
        listener,
        (image, arena, pool, opts, argument) ->
            rbd_deep_copy_with_progress(
                image,
                pool,
                NativeStrings.copy(arena, name),
                opts,
                Upcalls.progressStub(),
                argument));
    if (hasSnapshots) {
      OffCarrier.run(
          () -> NewImage.check(target, name, copy -> requireSameSnapshots(operation, copy)));
    }
    data.requirePresent();
  }

  private void requireSameSnapshots(Operation operation, Image copy) {
    try (Image source = openToRead()) {
      CopiedSnapshots snapshots = new CopiedSnapshots(operation, source, copy);
      snapshots.requireSame();
      snapshots.requireAllThere();
    }
  }

  @FunctionalInterface
  private interface CopyCall {
    long on(
        MemorySegment image,
        Arena arena,
        MemorySegment pool,
        MemorySegment options,
        MemorySegment argument);
  }

  private Operation copyOperation(String verb, Rbd target, String name) {
    NativeStrings.requireNewName(name, "name");
    return handle
        .operation(verb)
        .on(Subject.IMAGE, handle.name() + " to " + target.imageName(name));
  }

  private void copy(
      Operation operation,
      Rbd target,
      ImageOptions options,
      ProgressListener listener,
      CopyCall call) {
    Objects.requireNonNull(listener, "listener");
    OffCarrier.run(
        () ->
            options.use(
                opts ->
                    Handles.of(target.ioContext())
                        .use(
                            (pool, _) ->
                                handle.callWithUpcall(
                                    operation,
                                    listener,
                                    (image, arena, argument) ->
                                        call.on(image, arena, pool, opts, argument)))));
  }

  // ----------------------------------------------------------------------------------- family

  /**
   * What this clone was made from.
   *
   * <p>Implements: {@code int rbd_get_parent(rbd_image_t image, rbd_linked_image_spec_t
   * *parent_image, rbd_snap_spec_t *parent_snap)}, with {@code void
   * rbd_linked_image_spec_cleanup(rbd_linked_image_spec_t *image)} and {@code void
   * rbd_snap_spec_cleanup(rbd_snap_spec_t *snap)}
   *
   * @return the parent, empty if the image is no clone
   */
  public Optional<ImageParent> parent() {
    return handle.use(
        (image, arena) -> {
          MemorySegment parent = rbd_linked_image_spec_t.allocate(arena);
          MemorySegment snapshot = rbd_snap_spec_t.allocate(arena);
          int result = rbd_get_parent(image, parent, snapshot);
          if (result == Errno.ENOENT.result()) {
            return Optional.empty();
          }
          Failures.check(result, handle.operation("get the parent of"));
          try {
            int type = rbd_snap_spec_t.namespace_type(snapshot);
            return Optional.of(
                new ImageParent(
                    LinkedImage.read(parent),
                    rbd_snap_spec_t.id(snapshot),
                    NativeStrings.read(rbd_snap_spec_t.name(snapshot)),
                    SnapshotNamespaceType.of(type),
                    type));
          } finally {
            librbd_h.rbd_linked_image_spec_cleanup(parent);
            librbd_h.rbd_snap_spec_cleanup(snapshot);
          }
        });
  }

  /**
   * The clones of this image: of all its snapshots, or of the one that this object is set to with
   * {@link #setSnapshot}.
   *
   * <p>Implements: {@code int rbd_list_children3(rbd_image_t image, rbd_linked_image_spec_t
   * *images, size_t *max_images)}, with {@code void
   * rbd_linked_image_spec_list_cleanup(rbd_linked_image_spec_t *images, size_t num_images)}
   *
   * @return the clones, those in the trash included
   */
  public List<LinkedImage> children() {
    return linkedImages("list the children of", librbd_h::rbd_list_children3);
  }

  /**
   * The clones of this image, their clones, and so on.
   *
   * <p>Implements: {@code int rbd_list_descendants(rbd_image_t image, rbd_linked_image_spec_t
   * *images, size_t *max_images)}
   *
   * @return the descendants, those in the trash included
   */
  public List<LinkedImage> descendants() {
    return linkedImages("list the descendants of", librbd_h::rbd_list_descendants);
  }

  @FunctionalInterface
  private interface LinkedImagesCall {
    int list(MemorySegment image, MemorySegment specs, MemorySegment count);
  }

  private List<LinkedImage> linkedImages(String verb, LinkedImagesCall call) {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchList(
                handle.operation(verb),
                Slot.array(rbd_linked_image_spec_t.layout(), 16),
                b -> call.list(image, b.data(0), b.sizePointer(0)),
                LinkedImage::read,
                librbd_h::rbd_linked_image_spec_list_cleanup));
  }

  /**
   * Where the data of an image comes from that is being migrated.
   *
   * <p>Implements: {@code int rbd_get_migration_source_spec(rbd_image_t image, char *source_spec,
   * size_t *max_len)}
   *
   * @return the source in JSON
   * @throws ObjectNotFoundException if the image is not being migrated
   */
  public String migrationSourceSpec() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                handle
                    .operation("get")
                    .on(Subject.OTHER, "the migration source of image " + handle.name()),
                Sizing.SIZE_POINTER,
                b ->
                    Migration.notFoundIfNotMigrating(
                        rbd_get_migration_source_spec(image, b.data(0), b.sizePointer(0)))));
  }

  /**
   * The group that the image belongs to.
   *
   * <p>Implements: {@code int rbd_get_group(rbd_image_t image, rbd_group_info_t *group_info, size_t
   * group_info_size)}, with {@code int rbd_group_info_cleanup(rbd_group_info_t *group_info, size_t
   * group_info_size)}
   *
   * @return the group, empty if the image is in none
   */
  public Optional<GroupReference> group() {
    return handle.use(
        (image, arena) -> {
          MemorySegment info = rbd_group_info_t.allocate(arena);
          long size = info.byteSize();
          Failures.check(rbd_get_group(image, info, size), handle.operation("get the group of"));
          try {
            String name = NativeStrings.read(rbd_group_info_t.name(info));
            return name.isEmpty()
                ? Optional.empty()
                : Optional.of(new GroupReference(rbd_group_info_t.pool(info), name));
          } finally {
            librbd_h.rbd_group_info_cleanup(info, size);
          }
        });
  }

  // ------------------------------------------------------------------------ locks and watchers

  /**
   * The locks that clients take and respect of their own will.
   *
   * @return what one can do with them
   */
  public AdvisoryLocks advisoryLocks() {
    return new AdvisoryLocks(handle);
  }

  /**
   * The lock of the exclusive-lock feature, which librbd takes before it writes.
   *
   * @return what one can do with it
   */
  public ExclusiveLock exclusiveLock() {
    return new ExclusiveLock(handle);
  }

  /**
   * Who has the image open for writing, this object included.
   *
   * <p>Implements: {@code int rbd_watchers_list(rbd_image_t image, rbd_image_watcher_t *watchers,
   * size_t *max_watchers)}, with {@code void rbd_watchers_list_cleanup(rbd_image_watcher_t
   * *watchers, size_t num_watchers)}
   *
   * @return the watchers
   */
  public List<Watcher> watchers() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchList(
                handle.operation("list the watchers of"),
                Slot.array(rbd_image_watcher_t.layout(), 16),
                b -> rbd_watchers_list(image, b.data(0), b.sizePointer(0)),
                watcher ->
                    new Watcher(
                        NativeStrings.read(rbd_image_watcher_t.addr(watcher)),
                        rbd_image_watcher_t.id(watcher),
                        rbd_image_watcher_t.cookie(watcher)),
                librbd_h::rbd_watchers_list_cleanup));
  }

  /**
   * Calls a listener whenever the image changed: its size, its features, its snapshots. Several
   * changes may be told by one call. It runs on the executor of the cluster connection, never twice
   * at once, and may call rbd4j.
   *
   * <p>Implements: {@code int rbd_update_watch(rbd_image_t image, uint64_t *handle,
   * rbd_update_callback_t watch_cb, void *arg)}
   *
   * @param listener what to call
   * @return the watch; close it to end it
   */
  public ImageWatch watch(Runnable listener) {
    SerialNotifier notifier =
        new SerialNotifier(
            rbd.ioContext().cluster().executor(), Objects.requireNonNull(listener, "listener"));
    Upcalls.Registration registration = Upcalls.register(notifier);
    try {
      return handle.use(
          (image, arena) -> {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            Failures.check(
                rbd_update_watch(image, out, Upcalls.updateStub(), registration.argument()),
                handle.operation("watch"));
            NativeHandle watch =
                NativeHandle.ofChild(
                    handle,
                    "watch",
                    out.get(ValueLayout.JAVA_LONG, 0),
                    librbd_h::rbd_update_unwatch);
            watch.afterClose(registration::close);
            return new ImageWatch(watch);
          });
    } catch (RuntimeException e) {
      registration.close();
      throw e;
    }
  }

  /**
   * Has a listener prepare for each snapshot that anybody takes of the image. What it writes then
   * needs the exclusive lock, so an image that is used should have that lock before: librbd cannot
   * hand it over while a snapshot is being taken.
   *
   * <p>A snapshot that is being taken when the watch begins may be taken without the listener. The
   * first watch opens the image once more, to read and write, also if this handle is read-only; so
   * there is one more watcher of it until this image is closed.
   *
   * <p>Implements: {@code int rbd_quiesce_watch(rbd_image_t image, rbd_update_callback_t
   * quiesce_cb, rbd_update_callback_t unquiesce_cb, void *arg, uint64_t *handle)}, {@code void
   * rbd_quiesce_complete(rbd_image_t image, uint64_t handle, int r)}
   *
   * @param listener what to call, on the executor of the cluster connection
   * @param limit how long it may prepare; a snapshot fails when it takes longer
   * @return the watch; close it to end it
   * @throws ImageBusyException if snapshots are taken so often that the first watch finds no moment
   *     to begin
   */
  public QuiesceWatch watchQuiesce(QuiesceListener listener, Duration limit) {
    Objects.requireNonNull(listener, "listener");
    if (!limit.isPositive()) {
      throw new IllegalArgumentException("limit " + limit + " is not positive");
    }
    return handle.use(
        (_, _) -> {
          QuiesceWatch.Bridge bridge =
              new QuiesceWatch.Bridge(listener, limit, rbd.ioContext().cluster().executor());
          QuiesceSeats.Seat seat = quiesceSeats.take(bridge);
          return new QuiesceWatch(
              NativeHandle.ofChild(
                  handle,
                  "quiesce watch",
                  seat.id(),
                  (_, _) -> {
                    bridge.leave();
                    quiesceSeats.giveBack(seat);
                    return 0;
                  }));
        });
  }

  // --------------------------------------------------------------------------------- metadata

  /**
   * Reads a value of the metadata.
   *
   * <p>Implements: {@code int rbd_metadata_get(rbd_image_t image, const char *key, char *value,
   * size_t *val_len)}
   *
   * @param key the key
   * @return the value, as far as its first NUL if another program wrote one into it
   * @throws ObjectNotFoundException if there is no such key
   */
  public String metadata(String key) {
    return METADATA.get(handle, key);
  }

  /**
   * Sets a value of the metadata. Keys that begin with {@code conf_} set a configuration option for
   * the image.
   *
   * <p>Implements: {@code int rbd_metadata_set(rbd_image_t image, const char *key, const char
   * *value)}
   *
   * @param key the key
   * @param value the value, which may be empty
   */
  public void setMetadata(String key, String value) {
    METADATA.set(handle, key, value);
  }

  /**
   * Removes a value of the metadata.
   *
   * <p>Implements: {@code int rbd_metadata_remove(rbd_image_t image, const char *key)}
   *
   * @param key the key
   * @throws ObjectNotFoundException if there is no such key
   */
  public void removeMetadata(String key) {
    METADATA.remove(handle, key);
  }

  /**
   * All metadata.
   *
   * @return the values by their keys, in the order of the keys
   */
  public SequencedMap<String, String> metadata() {
    return METADATA.all(handle);
  }

  /**
   * A page of the metadata.
   *
   * <p>Implements: {@code int rbd_metadata_list(rbd_image_t image, const char *start, uint64_t max,
   * char *keys, size_t *key_len, char *values, size_t *vals_len)}
   *
   * @param after the key behind which to begin, empty for the first page
   * @param max how many entries at the most, at least 1
   * @return the values by their keys, in the order of the keys
   */
  public SequencedMap<String, String> metadata(String after, long max) {
    return METADATA.page(handle, after, max);
  }

  /**
   * The configuration options that hold for this image.
   *
   * <p>Implements: {@code int rbd_config_image_list(rbd_image_t image, rbd_config_option_t
   * *options, int *max_options)}, with {@code void
   * rbd_config_image_list_cleanup(rbd_config_option_t *options, int max_options)}
   *
   * @return each option with its value and where that comes from
   */
  public List<ConfigOption> config() {
    return handle.use(
        (image, arena) ->
            ConfigOption.list(
                handle.operation("list the configuration of"),
                b -> rbd_config_image_list(image, b.data(0), b.sizePointer(0)),
                (array, count) -> rbd_config_image_list_cleanup(array, (int) count)));
  }

  /**
   * Sets a configuration option for this image, for all who open it from now on.
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
   * @throws ObjectNotFoundException if it was not set for the image
   */
  public void removeConfig(String option) {
    removeMetadata(ConfigOption.metadataKey(option));
  }

  // -------------------------------------------------------------------------------- snapshots

  /**
   * The snapshots, with those that belong to groups, mirroring or the trash.
   *
   * <p>Implements: {@code int rbd_snap_list(rbd_image_t image, rbd_snap_info_t *snaps, int
   * *max_snaps)}, with {@code void rbd_snap_list_end(rbd_snap_info_t *snaps)}
   *
   * @return the snapshots, the oldest first
   */
  public List<SnapshotInfo> snapshots() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetch(
                handle.operation("list the snapshots of"),
                b -> rbd_snap_list(image, b.data(0), b.sizePointer(0)),
                (b, count) -> {
                  try {
                    List<SnapshotInfo> snapshots = new ArrayList<>();
                    for (long i = 0; i < Math.min(count, b.capacity(0)); i++) {
                      MemorySegment info = b.element(0, i);
                      snapshots.add(
                          new SnapshotInfo(
                              rbd_snap_info_t.id(info),
                              NativeStrings.read(rbd_snap_info_t.name(info)),
                              rbd_snap_info_t.size(info)));
                    }
                    return List.copyOf(snapshots);
                  } finally {
                    rbd_snap_list_end(b.data(0));
                  }
                },
                new Slot(rbd_snap_info_t.layout(), 16, Sizing.INT_POINTER)));
  }

  /**
   * Names a snapshot of this image, whether it exists or not.
   *
   * @param name its name
   * @return what one can do with it
   */
  public Snapshot snapshot(String name) {
    return new Snapshot(this, NativeStrings.requireName(name, "name"));
  }

  /**
   * Takes a snapshot.
   *
   * @param name its name, without {@code /} and {@code @}
   * @return the snapshot
   * @throws SnapshotExistsException if there is one of that name
   * @throws QuotaExceededException if the limit of the image is reached
   */
  public Snapshot createSnapshot(String name) {
    return createSnapshot(name, Set.of(), ProgressListener.NONE);
  }

  /**
   * Takes a snapshot. What was written before is flushed first: if that fails, no snapshot is
   * taken. An exception out of the listener comes out of here when the snapshot is taken: librbd
   * does not stop it.
   *
   * <p>Implements: {@code int rbd_snap_create2(rbd_image_t image, const char *snap_name, uint32_t
   * flags, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param name its name, without {@code /} and {@code @}
   * @param flags how
   * @param listener told how far quiescing the users of the image is
   * @return the snapshot
   * @throws SnapshotExistsException if there is one of that name
   * @throws QuotaExceededException if the limit of the image is reached
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public Snapshot createSnapshot(
      String name, Set<SnapshotCreateFlag> flags, ProgressListener listener) {
    NativeStrings.requireNewName(name, "name");
    Objects.requireNonNull(listener, "listener");
    int mask = (int) NativeFlag.mask(flags);
    // librbd flushes by itself, but when it learns there that a write before has failed, it forgets
    // to let writes in again: the next one would wait for ever.
    data.flush();
    handle.callWithProgress(
        snapshotOperation("create", name),
        listener,
        (image, arena, argument) ->
            rbd_snap_create2(
                image, NativeStrings.copy(arena, name), mask, Upcalls.progressStub(), argument));
    return new Snapshot(this, name);
  }

  /**
   * Removes a snapshot by its id.
   *
   * <p>Implements: {@code int rbd_snap_remove_by_id(rbd_image_t image, uint64_t snap_id)}
   *
   * @param snapshotId its id
   * @throws SnapshotNotFoundException if there is none of that id
   * @throws ImageBusyException if it is protected
   */
  public void removeSnapshot(long snapshotId) {
    handle.call(
        snapshotOperation("remove", "id:" + snapshotId),
        image -> rbd_snap_remove_by_id(image, snapshotId));
  }

  /**
   * The number of snapshots that the image may have.
   *
   * <p>Implements: {@code int rbd_snap_get_limit(rbd_image_t image, uint64_t *limit)}
   *
   * @return the limit, empty if there is none
   */
  public OptionalLong snapshotLimit() {
    long limit =
        handle.callForLong(
            handle.operation("get the snapshot limit of"),
            (i, arena, out) -> rbd_snap_get_limit(i, out));
    return limit < 0 ? OptionalLong.empty() : OptionalLong.of(limit);
  }

  /**
   * Limits the number of snapshots.
   *
   * <p>Implements: {@code int rbd_snap_set_limit(rbd_image_t image, uint64_t limit)}
   *
   * @param limit the limit, at least 1; Ceph takes 0 but then limits nothing
   * @throws ArgumentOutOfRangeException if there are more snapshots already
   */
  public void setSnapshotLimit(long limit) {
    Ranges.requireNotNegative(limit, "limit");
    handle.call(
        handle.operation("set the snapshot limit of"), image -> rbd_snap_set_limit(image, limit));
  }

  /** Takes the limit of the number of snapshots away. */
  public void removeSnapshotLimit() {
    handle.call(
        handle.operation("remove the snapshot limit of"), image -> rbd_snap_set_limit(image, -1));
  }

  /**
   * Makes this object show a snapshot, for all who use it. To read a snapshot beside the image,
   * open the image once more with {@link OpenOptions#at}.
   *
   * <p>Implements: {@code int rbd_snap_set(rbd_image_t image, const char *snapname)}
   *
   * @param name the name of the snapshot
   * @throws SnapshotNotFoundException if there is none of that name
   */
  public void setSnapshot(String name) {
    NativeStrings.requireName(name, "name");
    handle.callInArena(
        snapshotOperation("set", name),
        (image, arena) -> rbd_snap_set(image, NativeStrings.copy(arena, name)));
    atSnapshot = true;
    if (presence != null) {
      presence.setSnapshot(snapshot(name).id());
    }
  }

  /**
   * Makes this object show a snapshot, for all who use it.
   *
   * <p>Implements: {@code int rbd_snap_set_by_id(rbd_image_t image, uint64_t snap_id)}
   *
   * @param snapshotId the id of the snapshot
   * @throws SnapshotNotFoundException if there is none of that id
   */
  public void setSnapshot(long snapshotId) {
    handle.call(
        snapshotOperation("set", "id:" + snapshotId),
        image -> rbd_snap_set_by_id(image, snapshotId));
    atSnapshot = true;
    if (presence != null) {
      presence.setSnapshot(snapshotId);
    }
  }

  /** Makes this object show the image itself again, for all who use it. */
  public void unsetSnapshot() {
    handle.call(
        handle.operation("unset the snapshot of"),
        image -> rbd_snap_set(image, MemorySegment.NULL));
    atSnapshot = false;
    if (presence != null) {
      presence.unsetSnapshot();
    }
  }

  /**
   * Whom a snapshot belongs to.
   *
   * <p>Implements: {@code int rbd_snap_get_namespace_type(rbd_image_t image, uint64_t snap_id,
   * rbd_snap_namespace_type_t *namespace_type)}, {@code int
   * rbd_snap_get_group_namespace(rbd_image_t image, uint64_t snap_id, rbd_snap_group_namespace_t
   * *group_snap, size_t group_snap_size)}, {@code int rbd_snap_get_trash_namespace(rbd_image_t
   * image, uint64_t snap_id, char *original_name, size_t max_length)}, {@code int
   * rbd_snap_get_trash_namespace2(rbd_image_t image, uint64_t snap_id, rbd_snap_trash_namespace_t
   * *trash_snap, size_t trash_snap_size)}, {@code int rbd_snap_get_mirror_namespace(rbd_image_t
   * image, uint64_t snap_id, rbd_snap_mirror_namespace_t *mirror_snap, size_t mirror_snap_size)},
   * with {@code int rbd_snap_group_namespace_cleanup(rbd_snap_group_namespace_t *group_snap, size_t
   * group_snap_size)}, {@code int rbd_snap_trash_namespace_cleanup(rbd_snap_trash_namespace_t
   * *trash_snap, size_t trash_snap_size)} and {@code int
   * rbd_snap_mirror_namespace_cleanup(rbd_snap_mirror_namespace_t *mirror_snap, size_t
   * mirror_snap_size)}
   *
   * @param snapshotId the id of the snapshot
   * @return the kind and its details
   * @throws SnapshotNotFoundException if there is no snapshot of that id
   */
  public SnapshotNamespace snapshotNamespace(long snapshotId) {
    Operation operation = snapshotOperation("get the namespace of", "id:" + snapshotId);
    return handle.use(
        (image, arena) -> {
          MemorySegment type = arena.allocate(ValueLayout.JAVA_INT);
          Failures.check(rbd_snap_get_namespace_type(image, snapshotId, type), operation);
          return SnapshotNamespaces.read(
              image, snapshotId, type.get(ValueLayout.JAVA_INT, 0), operation);
        });
  }

  /**
   * The name of a snapshot.
   *
   * <p>Implements: {@code int rbd_snap_get_name(rbd_image_t image, uint64_t snap_id, char
   * *snapname, size_t *name_len)}
   *
   * @param snapshotId its id
   * @return its name
   * @throws SnapshotNotFoundException if there is no snapshot of that id
   */
  public String snapshotName(long snapshotId) {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                snapshotOperation("get the name of", "id:" + snapshotId),
                Sizing.SIZE_POINTER,
                b -> rbd_snap_get_name(image, snapshotId, b.data(0), b.sizePointer(0))));
  }

  /**
   * When a snapshot was taken, of whichever kind it is.
   *
   * <p>Implements: {@code int rbd_snap_get_timestamp(rbd_image_t image, uint64_t snap_id, struct
   * timespec *timestamp)}
   *
   * @param snapshotId its id
   * @return the time
   * @throws SnapshotNotFoundException if there is no snapshot of that id
   */
  public Instant snapshotTimestamp(long snapshotId) {
    return snapshotTimestamp(
        snapshotOperation("get the timestamp of", "id:" + snapshotId), _ -> snapshotId);
  }

  /**
   * librbd of Ceph 16 aborts the process when the snapshot is not in the handle's list, which any
   * other user of the handle can renew at any time. So the question goes to a handle of its own,
   * which is asked first whether it knows the snapshot.
   */
  Instant snapshotTimestamp(Operation operation, ToLongFunction<Image> snapshotId) {
    try (Image own = openToRead()) {
      long id = snapshotId.applyAsLong(own);
      return own.handle.use(
          (image, arena) -> {
            MemorySegment type = arena.allocate(ValueLayout.JAVA_INT);
            Failures.check(rbd_snap_get_namespace_type(image, id, type), operation);
            return new NativeTime(arena)
                .read(operation, out -> rbd_snap_get_timestamp(image, id, out));
          });
    }
  }

  /** By its id where it has one: an image in the trash has no name by which to open it. */
  private Image openToRead() {
    String id = id();
    if (!id.isEmpty()) {
      return rbd.openById(id, OpenOptions.forReading());
    }
    String known = name();
    if (known.isEmpty()) {
      throw Failures.toException(
          Errno.ENOENT.result(), handle.operation("open"), "librbd tells no id and no name of it");
    }
    return rbd.openReadOnly(known);
  }

  Operation snapshotOperation(String verb, String snapshot) {
    return handle.operation(verb).on(Subject.SNAPSHOT, handle.name() + "@" + snapshot);
  }

  // ------------------------------------------------------------------------------ differences

  /**
   * Tells the visitor what differs between an older snapshot, or nothing, and what this object
   * shows. See {@link DiffVisitor} for what it may do; use {@link #diff} or {@link #diffStream} to
   * do anything with the image meanwhile.
   *
   * <p>Implements: {@code int rbd_diff_iterate2(rbd_image_t image, const char *fromsnapname,
   * uint64_t ofs, uint64_t len, uint8_t include_parent, uint8_t whole_object, int (*cb)(uint64_t,
   * size_t, int, void *), void *arg)}, {@code int rbd_diff_iterate3(rbd_image_t image, uint64_t
   * from_snap_id, uint64_t ofs, uint64_t len, uint32_t flags, int (*cb)(uint64_t, size_t, int, void
   * *), void *arg)}
   *
   * @param options what to compare
   * @param visitor told each extent
   * @throws SnapshotNotFoundException if there is no such older snapshot
   * @throws InvalidRequestException if the snapshot is not older, or the offset is behind the end
   * @throws UnsupportedOperationException if the snapshot is given by id and the loaded librbd is
   *     older than Ceph 18
   */
  public void diffIterate(DiffOptions options, DiffVisitor visitor) {
    Objects.requireNonNull(visitor, "visitor");
    long behind = size() - options.offset();
    // Not even an empty range is behind the end: a length lets librbd refuse it.
    long length = behind < 0 ? 1 : Math.min(options.length(), behind);
    // An empty range of whole objects makes librbd of Ceph 16 end the process.
    // Whole objects of an encrypted image are told where they are behind the header (16).
    DiffOptions safe =
        options.wholeObject() && (length == 0 || handle.isEncrypted() || wasSmallerSince(options))
            ? options.wholeObject(false)
            : options;
    Long fromId = safe.fromSnapshotId();
    if (fromId != null) {
      diffFromId(safe, fromId, length, visitor);
    } else {
      diffFromName(safe, length, visitor);
    }
    data.requirePresent();
  }

  /**
   * Whether there is a later snapshot at which the image was smaller than it is now. Then librbd
   * (16) leaves out whole objects that were cut off after the older snapshot, and are zeros now.
   */
  private boolean wasSmallerSince(DiffOptions options) {
    String name = options.fromSnapshot();
    Long id = options.fromSnapshotId();
    if (name == null && id == null) {
      return false;
    }
    long size = size();
    boolean later = false;
    for (SnapshotInfo snapshot : snapshots()) {
      if (later && snapshot.size() < size) {
        return true;
      }
      later |= snapshot.name().equals(name) || Objects.equals(snapshot.id(), id);
    }
    return false;
  }

  private void diffFromName(DiffOptions options, long length, DiffVisitor visitor) {
    String from = options.fromSnapshot();
    Operation operation =
        from == null ? handle.operation("diff") : snapshotOperation("diff since", from);
    handle.callWithUpcall(
        operation,
        visitor,
        (image, arena, argument) ->
            rbd_diff_iterate2(
                image,
                NativeStrings.copyOrNull(arena, from),
                options.offset(),
                length,
                (byte) (options.includeParent() ? 1 : 0),
                (byte) (options.wholeObject() ? 1 : 0),
                Upcalls.diffStub(),
                argument));
  }

  private void diffFromId(DiffOptions options, long id, long length, DiffVisitor visitor) {
    NativeSymbols.require("rbd_diff_iterate3");
    int flags =
        (options.includeParent() ? librbd_constants.RBD_DIFF_ITERATE_FLAG_INCLUDE_PARENT() : 0)
            | (options.wholeObject() ? librbd_constants.RBD_DIFF_ITERATE_FLAG_WHOLE_OBJECT() : 0);
    handle.callWithUpcall(
        snapshotOperation("diff since", "id:" + id),
        visitor,
        (image, arena, argument) ->
            rbd_diff_iterate3(
                image, id, options.offset(), length, flags, Upcalls.diffStub(), argument));
  }

  /**
   * Collects what differs between an older snapshot, or nothing, and what this object shows.
   *
   * @param options what to compare
   * @return the extents, in ascending order
   * @see #diffIterate
   */
  public List<DiffExtent> diff(DiffOptions options) {
    List<DiffExtent> extents = new ArrayList<>();
    diffIterate(
        options, (offset, length, exists) -> extents.add(new DiffExtent(offset, length, exists)));
    return Collections.unmodifiableList(extents);
  }

  /**
   * Streams what differs between an older snapshot, or nothing, and what this object shows, while
   * librbd is still looking for more. Extents that were found and not taken yet wait in memory,
   * some 17 bytes each. The image can be used freely meanwhile. An error of the iteration comes out
   * of the stream.
   *
   * @param options what to compare
   * @return the extents, in ascending order; closing the stream stops the iteration
   * @see #diffIterate
   */
  public Stream<DiffExtent> diffStream(DiffOptions options) {
    Objects.requireNonNull(options, "options");
    // In a callback it would wait for librbd, which waits for the callback.
    return DiffStream.of(
        () -> Upcalls.refuseInsideCallback(handle), visitor -> diffIterate(options, visitor));
  }

  /**
   * Closes the image: running calls finish first, what librbd's cache holds is written.
   *
   * <p>Implements: {@code int rbd_close(rbd_image_t image)}
   *
   * @throws RbdException if the last writes failed; the image is closed all the same
   * @throws IllegalStateException if called from inside a callback of the native library
   */
  @Override
  public void close() {
    boolean open = !isClosed();
    ImageEvent event = open ? ImageOperation.CLOSE.begin() : null;
    ImageEvent.recorded(
        event,
        handle.name(),
        0,
        0,
        () -> {
          super.close();
          return open;
        });
  }

  /**
   * Closes the image without waiting for it, as {@link #close} does. Closing it in both ways, or
   * more than once, closes it once, and each waits until that is done. Cancelling the future does
   * not stop the close.
   *
   * <p>Implements: {@code int rbd_aio_close(rbd_image_t image, rbd_completion_t c)}
   *
   * @return done when the image is closed; fails with {@link RbdException} if the last writes
   *     failed, the image is closed all the same
   */
  public CompletableFuture<Void> closeAsync() {
    return Background.call(
        rbd.ioContext().cluster().executor(),
        () -> {
          close();
          return null;
        });
  }

  /** Closes an image, whichever way suits the thread. */
  static long closeNative(MemorySegment image) {
    return Completions.call(completion -> rbd_aio_close(image, completion), () -> rbd_close(image));
  }
}
