package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_trash_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_get_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_move;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_purge_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_remove_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_restore;

import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.bindings.rbd_trash_image_info_t;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Seconds;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Upcalls;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The trash of a pool and namespace: images that were put aside and can be restored by their id.
 */
public final class Trash {
  private static final float NO_THRESHOLD = -1;

  /** A time by which no delay was over. */
  private static final long NOTHING = -1;

  /** Ceph keeps times as 32-bit numbers of seconds; a later one would begin again in 1970. */
  private static final long LAST_SECOND = 0xFFFF_FFFFL;

  private final Rbd rbd;
  private final NativeHandle handle;

  Trash(Rbd rbd) {
    this.rbd = rbd;
    this.handle = Handles.of(rbd.ioContext());
  }

  /**
   * Moves an image to the trash. Whoever has it open may go on to use it.
   *
   * <p>Implements: {@code int rbd_trash_move(rados_ioctx_t io, const char *name, uint64_t delay)}
   *
   * @param name its name
   * @param delay for how long it cannot be removed without force, rounded up to whole seconds
   * @throws IllegalArgumentException if the delay is negative, or ends later than Ceph can tell: in
   *     2106
   * @throws ImageNotFoundException if there is none of that name
   * @throws ImageBusyException if it is being migrated
   */
  public void move(String name, Duration delay) {
    NativeStrings.requireName(name, "name");
    long seconds = Seconds.roundedUp(delay);
    if (delay.isNegative() || seconds > LAST_SECOND - Instant.now().getEpochSecond()) {
      throw new IllegalArgumentException("delay " + delay + " is out of range");
    }
    handle.callInArena(
        rbd.imageOperation("move to the trash", name),
        (pool, arena) -> rbd_trash_move(pool, NativeStrings.copy(arena, name), seconds));
  }

  /**
   * Tells about an image in the trash.
   *
   * <p>Implements: {@code int rbd_trash_get(rados_ioctx_t io, const char *id,
   * rbd_trash_image_info_t *info)}, with {@code void rbd_trash_get_cleanup(rbd_trash_image_info_t
   * *info)}
   *
   * @param id its id
   * @return what is known about it
   * @throws ImageNotFoundException if there is none of that id in the trash
   */
  public TrashEntry get(String id) {
    NativeStrings.requireName(id, "id");
    return handle.use(
        (pool, arena) -> {
          MemorySegment info = rbd_trash_image_info_t.allocate(arena);
          Failures.check(
              rbd_trash_get(pool, NativeStrings.copy(arena, id), info),
              operation("get from the trash", id));
          try {
            return TrashEntry.read(info);
          } finally {
            rbd_trash_get_cleanup(info);
          }
        });
  }

  /**
   * The images in the trash.
   *
   * <p>Implements: {@code int rbd_trash_list(rados_ioctx_t io, rbd_trash_image_info_t
   * *trash_entries, size_t *num_entries)}, with {@code void
   * rbd_trash_list_cleanup(rbd_trash_image_info_t *trash_entries, size_t num_entries)}
   *
   * @return what is known about each
   */
  public List<TrashEntry> list() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchList(
                handle.operation("list the trash of"),
                Slot.array(rbd_trash_image_info_t.layout(), 32),
                b -> rbd_trash_list(pool, b.data(0), b.sizePointer(0)),
                TrashEntry::read,
                librbd_h::rbd_trash_list_cleanup));
  }

  /**
   * Takes an image out of the trash.
   *
   * <p>Implements: {@code int rbd_trash_restore(rados_ioctx_t io, const char *id, const char
   * *name)}
   *
   * @param id its id
   * @param name the name that it gets
   * @throws ImageNotFoundException if there is none of that id in the trash
   * @throws ImageExistsException if there is an image of that name
   */
  public void restore(String id, String name) {
    NativeStrings.requireName(id, "id");
    NativeStrings.requireNewName(name, "name");
    handle.callInArena(
        operation("restore from the trash", id),
        (pool, arena) ->
            rbd_trash_restore(
                pool, NativeStrings.copy(arena, id), NativeStrings.copy(arena, name)));
  }

  /**
   * Removes an image in the trash for ever.
   *
   * @param id its id
   * @param force also before its delay is over
   * @throws ImageNotFoundException if there is none of that id in the trash
   * @throws PermissionDeniedException if its delay is not over
   * @throws ImageHasSnapshotsException if it has snapshots
   * @throws ImageBusyException if somebody has it open
   */
  public void remove(String id, boolean force) {
    remove(id, force, ProgressListener.NONE);
  }

  /**
   * Removes an image in the trash for ever. An exception out of the listener stops the removal and
   * leaves an image that can only be removed: call again.
   *
   * <p>Implements: {@code int rbd_trash_remove_with_progress(rados_ioctx_t io, const char *id, bool
   * force, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param id its id
   * @param force also before its delay is over
   * @param listener told the number of objects
   * @throws ImageNotFoundException if there is none of that id in the trash
   * @throws PermissionDeniedException if its delay is not over
   * @throws ImageHasSnapshotsException if it has snapshots
   * @throws ImageBusyException if somebody has it open
   */
  public void remove(String id, boolean force, ProgressListener listener) {
    NativeStrings.requireName(id, "id");
    handle.callWithProgress(
        operation("remove from the trash", id),
        listener,
        (pool, arena, argument) ->
            rbd_trash_remove_with_progress(
                pool, NativeStrings.copy(arena, id), force, Upcalls.progressStub(), argument));
  }

  /**
   * Removes what has been in the trash for long enough.
   *
   * @param expiredBefore removes the images whose delay was over by this time
   */
  public void purge(Instant expiredBefore) {
    purge(expiredBefore, ProgressListener.NONE);
  }

  /**
   * Removes what has been in the trash for long enough. An exception out of the listener comes out
   * of here when all is removed: librbd does not stop it.
   *
   * @param expiredBefore removes the images whose delay was over by this time
   * @param listener told the number of images
   */
  public void purge(Instant expiredBefore, ProgressListener listener) {
    long seconds = expiredBefore.getEpochSecond();
    purge(seconds == 0 ? NOTHING : seconds, NO_THRESHOLD, listener); // 0 means now
  }

  /**
   * Removes the images with the oldest delays until the pool is empty enough, also before their
   * delays are over. An exception out of the listener comes out of here when they are removed:
   * librbd does not stop it.
   *
   * <p>Implements: {@code int rbd_trash_purge_with_progress(rados_ioctx_t io, time_t expire_ts,
   * float threshold, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param fullness how full the pool may be, from 0 to 1
   * @param listener told the number of images
   */
  public void purgeToThreshold(double fullness, ProgressListener listener) {
    if (!(fullness >= 0 && fullness <= 1)) {
      throw new IllegalArgumentException("fullness " + fullness + " is not between 0 and 1");
    }
    purge(NOTHING, (float) fullness, listener);
  }

  private void purge(long expiredBefore, float threshold, ProgressListener listener) {
    handle.callWithProgress(
        handle.operation("purge the trash of"),
        listener,
        (pool, arena, argument) ->
            rbd_trash_purge_with_progress(
                pool, expiredBefore, threshold, Upcalls.progressStub(), argument));
  }

  private Operation operation(String verb, String id) {
    return rbd.imageOperation(verb, "id:" + id);
  }

  @Override
  public String toString() {
    return "trash of " + rbd.ioContext();
  }
}
