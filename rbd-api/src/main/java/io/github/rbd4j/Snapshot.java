package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_snap_exists;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_is_protected;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_protect;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_remove2;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_rename;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_rollback_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_unprotect;

import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SnapshotObjectMaps;
import io.github.rbd4j.internal.Upcalls;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;

/**
 * A snapshot of an open image, by its name. It is a name only, costs nothing, and ends with the
 * image.
 */
public final class Snapshot {
  private final Image image;
  private final NativeHandle handle;
  private final String name;

  Snapshot(Image image, String name) {
    this.image = image;
    this.handle = Handles.of(image);
    this.name = name;
  }

  /**
   * The name.
   *
   * @return the name by which this object was made
   */
  public String name() {
    return name;
  }

  /**
   * The image.
   *
   * @return the image from which this object was made
   */
  public Image image() {
    return image;
  }

  /**
   * Whether there is a snapshot of this name.
   *
   * <p>Implements: {@code int rbd_snap_exists(rbd_image_t image, const char *snapname, bool
   * *exists)}
   *
   * @return true if there is
   */
  public boolean exists() {
    return handle.callForLong(
            operation("look for"),
            (i, arena, out) -> rbd_snap_exists(i, NativeStrings.copy(arena, name), out))
        != 0;
  }

  /**
   * The id.
   *
   * <p>Implements: {@code int rbd_snap_get_id(rbd_image_t image, const char *snapname, uint64_t
   * *snap_id)}
   *
   * @return the id
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   */
  public long id() {
    return id(operation("get the id of"));
  }

  private long id(Operation operation) {
    return handle.callForLong(
        operation, (i, arena, out) -> rbd_snap_get_id(i, NativeStrings.copy(arena, name), out));
  }

  /**
   * When the snapshot was taken. {@link Image#snapshotTimestamp} tells it of those that belong to
   * groups, mirroring or the trash, which have no name to look for.
   *
   * @return the time
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   */
  public Instant timestamp() {
    Operation operation = operation("get the timestamp of");
    return image.snapshotTimestamp(operation, own -> own.snapshot(name).id(operation));
  }

  /**
   * Removes the snapshot.
   *
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws ImageBusyException if it is protected or has clones
   */
  public void remove() {
    remove(Set.of(), ProgressListener.NONE);
  }

  /**
   * Removes the snapshot. An exception out of the listener comes out of here when it is removed:
   * librbd does not stop it.
   *
   * <p>Implements: {@code int rbd_snap_remove2(rbd_image_t image, const char *snap_name, uint32_t
   * flags, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param flags what to do to be able to
   * @param listener told how far the flattening of clones is
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws ImageBusyException if it is protected or has clones, and the flags do not help
   */
  public void remove(Set<SnapshotRemoveFlag> flags, ProgressListener listener) {
    int mask = (int) NativeFlag.mask(flags);
    handle.callWithProgress(
        operation("remove"),
        listener,
        (i, arena, argument) ->
            rbd_snap_remove2(
                i, NativeStrings.copy(arena, name), mask, Upcalls.progressStub(), argument));
  }

  /**
   * Renames the snapshot.
   *
   * <p>Implements: {@code int rbd_snap_rename(rbd_image_t image, const char *snapname, const char
   * *dstsnapsname)}
   *
   * @param newName its new name, without {@code /} and {@code @}
   * @return the snapshot under its new name
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws SnapshotExistsException if there is one of the new name
   */
  public Snapshot rename(String newName) {
    NativeStrings.requireNewName(newName, "newName");
    handle.callInArena(
        operation("rename"),
        (i, arena) ->
            rbd_snap_rename(
                i, NativeStrings.copy(arena, name), NativeStrings.copy(arena, newName)));
    return new Snapshot(image, newName);
  }

  /**
   * Makes the image what it was when the snapshot was taken. An exception out of the listener stops
   * it, and leaves an image that is rolled back in part: call again. An object map of the snapshot
   * that is not valid is made anew before, for librbd would trust it.
   *
   * <p>Implements: {@code int rbd_snap_rollback_with_progress(rbd_image_t image, const char
   * *snapname, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param listener told the number of objects
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws ReadOnlyImageException if the image cannot be written
   */
  public void rollback(ProgressListener listener) {
    Objects.requireNonNull(listener, "listener");
    SnapshotObjectMaps.prepareRollback(image, name);
    handle.callWithProgress(
        operation("roll back to"),
        listener,
        (i, arena, argument) ->
            rbd_snap_rollback_with_progress(
                i, NativeStrings.copy(arena, name), Upcalls.progressStub(), argument));
  }

  /** Makes the image what it was when the snapshot was taken. */
  public void rollback() {
    rollback(ProgressListener.NONE);
  }

  /**
   * Protects the snapshot from being removed, which clones of format 1 need.
   *
   * <p>Implements: {@code int rbd_snap_protect(rbd_image_t image, const char *snap_name)}
   *
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws ImageBusyException if it is protected already
   */
  public void protect() {
    handle.callInArena(
        operation("protect"), (i, arena) -> rbd_snap_protect(i, NativeStrings.copy(arena, name)));
  }

  /**
   * Takes the protection away.
   *
   * <p>Implements: {@code int rbd_snap_unprotect(rbd_image_t image, const char *snap_name)}
   *
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   * @throws InvalidRequestException if it is not protected
   * @throws ImageBusyException if it has clones
   */
  public void unprotect() {
    handle.callInArena(
        operation("unprotect"),
        (i, arena) -> rbd_snap_unprotect(i, NativeStrings.copy(arena, name)));
  }

  /**
   * Whether the snapshot is protected.
   *
   * <p>Implements: {@code int rbd_snap_is_protected(rbd_image_t image, const char *snap_name, int
   * *is_protected)}
   *
   * @return true if it is
   * @throws SnapshotNotFoundException if there is no snapshot of this name
   */
  public boolean isProtected() {
    return handle.callForLong(
            operation("look at the protection of"),
            (i, arena, out) -> rbd_snap_is_protected(i, NativeStrings.copy(arena, name), out))
        != 0;
  }

  private Operation operation(String verb) {
    return image.snapshotOperation(verb, name);
  }

  @Override
  public String toString() {
    return "snapshot " + handle.name() + "@" + name;
  }
}
