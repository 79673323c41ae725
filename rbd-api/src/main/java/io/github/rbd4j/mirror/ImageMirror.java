package io.github.rbd4j.mirror;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_create_snapshot;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_demote;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_get_global_status;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_get_info;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_get_mode;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_promote;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_create_snapshot2;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_demote;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_disable;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_enable2;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_global_status;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_info;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_info_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_instance_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_mode;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_global_status_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_promote;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_resync;

import io.github.rbd4j.Image;
import io.github.rbd4j.NativeFlag;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.bindings.rbd_mirror_image_global_status_t;
import io.github.rbd4j.bindings.rbd_mirror_image_info_t;
import io.github.rbd4j.internal.Background;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.OffCarrier;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Mirroring of an open image. It is a view of the {@link Image} and costs nothing.
 *
 * <p>The methods whose names end with {@code Async} do the same as the others without waiting.
 * Their futures fail with what the others throw; cancelling one does not stop librbd.
 */
public final class ImageMirror {
  private final NativeHandle handle;
  private final Executor executor;

  /**
   * Makes the view.
   *
   * @param image the image
   */
  public ImageMirror(Image image) {
    this.handle = Handles.of(image);
    this.executor = image.rbd().ioContext().cluster().executor();
  }

  /**
   * Has the image mirrored.
   *
   * <p>Implements: {@code int rbd_mirror_image_enable2(rbd_image_t image, rbd_mirror_image_mode_t
   * mode)}
   *
   * @param mode by its journal, which turns the journaling feature on, or by snapshots
   * @throws io.github.rbd4j.InvalidRequestException if the pool is not in mode {@link
   *     MirrorMode#IMAGE}, or the image is mirrored in the other mode already
   */
  public void enable(ImageMirrorMode mode) {
    if (mode == ImageMirrorMode.UNKNOWN) {
      throw new IllegalArgumentException("the mode is unknown");
    }
    OffCarrier.run( // it takes a snapshot, for which listeners prepare
        () ->
            handle.call(
                operation("enable the mirroring of"),
                image -> rbd_mirror_image_enable2(image, mode.value())));
  }

  /**
   * Has the image not mirrored any more. Its copies in other clusters are removed then. Does
   * nothing if it is not mirrored.
   *
   * <p>Implements: {@code int rbd_mirror_image_disable(rbd_image_t image, bool force)}
   *
   * @param force also if it is not primary
   * @throws io.github.rbd4j.InvalidRequestException if it is not primary, without force
   */
  public void disable(boolean force) {
    handle.call(
        operation("disable the mirroring of"), image -> rbd_mirror_image_disable(image, force));
  }

  /**
   * Makes this image the primary one. The other one must have been demoted.
   *
   * <p>Implements: {@code int rbd_mirror_image_promote(rbd_image_t image, bool force)}
   *
   * @param force also if the other one was not demoted, for instance because its cluster is gone;
   *     the two differ then and the other one must be resynchronized
   * @throws io.github.rbd4j.ObjectBusyException if the other one is still primary
   * @throws io.github.rbd4j.InvalidRequestException if this one is primary already; with librbd of
   *     Ceph 20, if the image is not mirrored
   * @throws io.github.rbd4j.ObjectNotFoundException with older ones, if the image is not mirrored
   */
  public void promote(boolean force) {
    handle.call(
        operation("promote"),
        image ->
            Completions.call(
                completion -> rbd_aio_mirror_image_promote(image, force, completion),
                () -> rbd_mirror_image_promote(image, force)));
  }

  /**
   * Makes this image the primary one. See {@link #promote}.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_promote(rbd_image_t image, bool force,
   * rbd_completion_t c)}
   *
   * @param force also if the other one was not demoted
   * @return done when it is the primary one
   */
  public CompletableFuture<Void> promoteAsync(boolean force) {
    return run(() -> promote(force));
  }

  /**
   * Makes this image not the primary one any more, so that it cannot be written.
   *
   * <p>Implements: {@code int rbd_mirror_image_demote(rbd_image_t image)}
   *
   * @throws io.github.rbd4j.InvalidRequestException if it is not primary
   */
  public void demote() {
    handle.call(
        operation("demote"),
        image ->
            Completions.call(
                completion -> rbd_aio_mirror_image_demote(image, completion),
                () -> rbd_mirror_image_demote(image)));
  }

  /**
   * Makes this image not the primary one any more. See {@link #demote}.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_demote(rbd_image_t image, rbd_completion_t c)}
   *
   * @return done when it is not
   */
  public CompletableFuture<Void> demoteAsync() {
    return run(this::demote);
  }

  /**
   * Has the daemon copy the image once more as a whole. What was written to it since it was primary
   * is lost.
   *
   * <p>Implements: {@code int rbd_mirror_image_resync(rbd_image_t image)}
   *
   * @throws io.github.rbd4j.InvalidRequestException if it is primary
   * @throws io.github.rbd4j.ObjectNotFoundException if it is not mirrored
   */
  public void resync() {
    handle.call(operation("resynchronize"), image -> rbd_mirror_image_resync(image));
  }

  /**
   * Takes a snapshot for mirroring, which brings the other cluster up to date.
   *
   * <p>Implements: {@code int rbd_mirror_image_create_snapshot2(rbd_image_t image, uint32_t flags,
   * uint64_t *snap_id)}
   *
   * @param flags how
   * @return the id of the snapshot
   * @throws io.github.rbd4j.InvalidRequestException if the image is not mirrored by snapshots, or
   *     is not primary
   */
  public long createSnapshot(Set<SnapshotCreateFlag> flags) {
    int mask = (int) NativeFlag.mask(flags);
    return handle.callForLong(
        operation("create a mirror snapshot of"),
        (image, arena, out) ->
            Completions.call(
                completion -> rbd_aio_mirror_image_create_snapshot(image, mask, out, completion),
                () -> rbd_mirror_image_create_snapshot2(image, mask, out)));
  }

  /**
   * Takes a snapshot for mirroring. See {@link #createSnapshot}.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_create_snapshot(rbd_image_t image, uint32_t
   * flags, uint64_t *snap_id, rbd_completion_t c)}
   *
   * @param flags how
   * @return the id of the snapshot
   */
  public CompletableFuture<Long> createSnapshotAsync(Set<SnapshotCreateFlag> flags) {
    Set<SnapshotCreateFlag> copy = Set.copyOf(flags);
    return Background.call(executor, () -> createSnapshot(copy));
  }

  /**
   * Whether and as what the image is mirrored.
   *
   * <p>Implements: {@code int rbd_mirror_image_get_info(rbd_image_t image, rbd_mirror_image_info_t
   * *mirror_image_info, size_t info_size)}, with {@code void
   * rbd_mirror_image_get_info_cleanup(rbd_mirror_image_info_t *mirror_image_info)}
   *
   * @return the information
   */
  public ImageMirrorInfo info() {
    return handle.use(
        (image, arena) -> {
          MemorySegment info = rbd_mirror_image_info_t.allocate(arena);
          Failures.check(
              Completions.call(
                  completion ->
                      rbd_aio_mirror_image_get_info(image, info, info.byteSize(), completion),
                  () -> rbd_mirror_image_get_info(image, info, info.byteSize())),
              operation("get the mirroring of"));
          try {
            return ImageMirrorInfo.read(info);
          } finally {
            rbd_mirror_image_get_info_cleanup(info);
          }
        });
  }

  /**
   * Whether and as what the image is mirrored.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_get_info(rbd_image_t image,
   * rbd_mirror_image_info_t *mirror_image_info, size_t info_size, rbd_completion_t c)}
   *
   * @return the information
   */
  public CompletableFuture<ImageMirrorInfo> infoAsync() {
    return Background.call(executor, this::info);
  }

  /**
   * How the image is mirrored.
   *
   * @return the mode; for an image that is not mirrored librbd before Ceph 20 says {@link
   *     ImageMirrorMode#JOURNAL}
   * @throws io.github.rbd4j.InvalidRequestException since Ceph 20, if the image is not mirrored
   */
  public ImageMirrorMode mode() {
    return ImageMirrorMode.of(modeValue());
  }

  /**
   * The number of how the image is mirrored, also when this version of rbd4j does not know it. See
   * {@link #mode}.
   *
   * <p>Implements: {@code int rbd_mirror_image_get_mode(rbd_image_t image, rbd_mirror_image_mode_t
   * *mode)}
   *
   * @return the number of librbd, see {@link ImageMirrorMode#value}
   */
  public int modeValue() {
    return handle.use(
        (image, arena) -> {
          MemorySegment mode = arena.allocate(ValueLayout.JAVA_INT);
          Failures.check(
              Completions.call(
                  completion -> rbd_aio_mirror_image_get_mode(image, mode, completion),
                  () -> rbd_mirror_image_get_mode(image, mode)),
              operation("get the mirror mode of"));
          return mode.get(ValueLayout.JAVA_INT, 0);
        });
  }

  /**
   * How the image is mirrored. See {@link #mode}.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_get_mode(rbd_image_t image,
   * rbd_mirror_image_mode_t *mode, rbd_completion_t c)}
   *
   * @return the mode
   */
  public CompletableFuture<ImageMirrorMode> modeAsync() {
    return Background.call(executor, this::mode);
  }

  /**
   * Which instance of the daemon mirrors the image.
   *
   * <p>Implements: {@code int rbd_mirror_image_get_instance_id(rbd_image_t image, char
   * *instance_id, size_t *id_max_length)}
   *
   * @return the id of the instance
   * @throws io.github.rbd4j.ObjectNotFoundException if none does
   * @throws io.github.rbd4j.InvalidRequestException if the image is not mirrored
   */
  public String instanceId() {
    return handle.use(
        (image, arena) ->
            SizedBuffer.fetchString(
                operation("get the mirror instance of"),
                Sizing.SIZE_POINTER,
                b -> rbd_mirror_image_get_instance_id(image, b.data(0), b.sizePointer(0))));
  }

  /**
   * What all sites do with the image.
   *
   * <p>Implements: {@code int rbd_mirror_image_get_global_status(rbd_image_t image,
   * rbd_mirror_image_global_status_t *mirror_image_global_status, size_t status_size)}, with {@code
   * void rbd_mirror_image_global_status_cleanup(rbd_mirror_image_global_status_t
   * *mirror_image_global_status)}
   *
   * @return the status
   */
  public ImageMirrorStatus status() {
    return handle.use(
        (image, arena) -> {
          MemorySegment status = rbd_mirror_image_global_status_t.allocate(arena);
          Failures.check(
              Completions.call(
                  completion ->
                      rbd_aio_mirror_image_get_global_status(
                          image, status, status.byteSize(), completion),
                  () -> rbd_mirror_image_get_global_status(image, status, status.byteSize())),
              operation("get the mirror status of"));
          try {
            return ImageMirrorStatus.read(status);
          } finally {
            rbd_mirror_image_global_status_cleanup(status);
          }
        });
  }

  /**
   * What all sites do with the image.
   *
   * <p>Implements: {@code int rbd_aio_mirror_image_get_global_status(rbd_image_t image,
   * rbd_mirror_image_global_status_t *mirror_global_image_status, size_t status_size,
   * rbd_completion_t c)}
   *
   * @return the status
   */
  public CompletableFuture<ImageMirrorStatus> statusAsync() {
    return Background.call(executor, this::status);
  }

  private CompletableFuture<Void> run(Runnable blocking) {
    return Background.call(
        executor,
        () -> {
          blocking.run();
          return null;
        });
  }

  /** The image is open, so what is missing or there already is never the image. */
  private Operation operation(String verb) {
    return handle.operation(verb).on(Subject.OTHER, "image " + handle.name());
  }

  @Override
  public String toString() {
    return "mirroring of " + handle;
  }
}
