package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_close;
import static io.github.rbd4j.bindings.librbd_h.rbd_open_by_id_read_only;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_namespace_type;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_trash_get_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_watchers_list;

import io.github.rbd4j.bindings.rbd_trash_image_info_t;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.OpeningThread;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whether an image that is open for reading only is still there. The cluster knows nothing of such
 * a handle, so that the image and its snapshots can be removed under it; librbd takes the objects
 * that are gone for zeros, or for those of the parent.
 *
 * <p>All methods are for a caller that has acquired the image, and so keeps the pool open.
 */
final class Presence {
  /** So much time after the image is removed, reads may still not tell. */
  private static final long INTERVAL = Duration.ofSeconds(1).toNanos();

  /** The number that stands for the image itself among those of its snapshots. */
  private static final long NO_SNAPSHOT = -2;

  private final NativeHandle handle;
  private final MemorySegment pool;

  /** The id, empty if the image has the old format, which knows no trash. */
  private final String id;

  private volatile long snapshot = NO_SNAPSHOT;
  private volatile long nextLook = System.nanoTime() + INTERVAL;

  // What became of the last look of those who come at the same time; guarded by this.
  private long ended;
  private @Nullable RuntimeException failure;

  Presence(Image image, NativeHandle handle) {
    this.handle = handle;
    this.pool = Handles.of(image.rbd().ioContext()).use((pointer, _) -> pointer);
    this.id = image.id();
  }

  /** From now on it is a snapshot that is read. */
  void setSnapshot(long snapshotId) {
    snapshot = snapshotId;
  }

  /** From now on it is the image itself that is read. */
  void unsetSnapshot() {
    snapshot = NO_SNAPSHOT;
  }

  /** Looks, if the last look was some time ago. */
  void requireLately(MemorySegment image) {
    long came = System.nanoTime();
    if (came - nextLook < 0) {
      return;
    }
    synchronized (this) { // one look is enough for those who come at the same time
      if (failure != null && ended - came > 0) {
        throw failure;
      }
      if (System.nanoTime() - nextLook >= 0) {
        failure = null;
        try {
          require(image);
        } catch (RuntimeException e) {
          failure = e;
          ended = System.nanoTime();
          throw e;
        }
      }
    }
  }

  /**
   * Looks whether what was read until now was there.
   *
   * @throws ImageNotFoundException if the image was removed, or is just being removed
   * @throws SnapshotNotFoundException if the snapshot was removed
   */
  void require(MemorySegment image) {
    long now = System.nanoTime();
    try (Arena arena = Arena.ofConfined()) {
      requireHeader(image, arena);
      if (!id.isEmpty()) {
        requireNotBeingRemoved(arena);
        requireSnapshot(arena);
      }
    }
    nextLook = now + INTERVAL;
  }

  private Operation operation() {
    return handle.operation("read");
  }

  /** The watchers are those of the header; how many there are is of no interest. */
  private void requireHeader(MemorySegment image, Arena arena) {
    int result =
        rbd_watchers_list(image, MemorySegment.NULL, arena.allocateFrom(ValueLayout.JAVA_LONG, 0));
    if (result != Errno.ERANGE.result()) {
      Failures.check(result, operation());
    }
  }

  /** The header goes last; from the beginning of its removal the image is in the trash. */
  private void requireNotBeingRemoved(Arena arena) {
    MemorySegment info = rbd_trash_image_info_t.allocate(arena);
    int result = rbd_trash_get(pool, NativeStrings.copy(arena, id), info);
    if (result == Errno.ENOENT.result() || result == Errno.EPERM.result()) {
      return; // it is not in the trash, or the user must not know
    }
    Failures.check(result, operation());
    TrashSource source = TrashSource.of(rbd_trash_image_info_t.source(info));
    rbd_trash_get_cleanup(info);
    if (source == TrashSource.REMOVING) {
      throw Failures.toException(Errno.ENOENT.result(), operation(), "it is being removed");
    }
  }

  /** What this handle knows of its snapshots is old; one that was just opened knows better. */
  private void requireSnapshot(Arena arena) {
    long wanted = snapshot;
    if (wanted == NO_SNAPSHOT) {
      return;
    }
    MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    Failures.check(
        rbd_open_by_id_read_only(pool, NativeStrings.copy(arena, id), out, MemorySegment.NULL),
        operation());
    MemorySegment fresh = out.get(ValueLayout.ADDRESS, 0);
    int result;
    try {
      OpeningThread.awaitLeft(fresh, arena, false);
      result = rbd_snap_get_namespace_type(fresh, wanted, arena.allocate(ValueLayout.JAVA_INT));
    } finally {
      rbd_close(fresh);
    }
    Failures.check(result, operation().on(Subject.SNAPSHOT, handle.name()));
  }
}
