package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_is_exclusive_lock_owner;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_acquire;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_break;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_get_owners;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_release;

import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * The lock of an image with the exclusive-lock feature. librbd takes it before the first write and
 * gives it away when another client asks; a client that acquires it here keeps it, so that the
 * writes of all others fail with {@link ReadOnlyImageException}.
 */
public final class ExclusiveLock {
  private final NativeHandle handle;

  ExclusiveLock(NativeHandle handle) {
    this.handle = handle;
  }

  /**
   * Who holds the lock.
   *
   * @param mode how it is held
   * @param modeValue the number of that, also when this version of rbd4j does not know it
   * @param owners the addresses of the holders
   */
  public record Owners(LockMode mode, int modeValue, List<String> owners) {}

  /**
   * Whether this object holds the lock, acquired here or by writing.
   *
   * <p>Implements: {@code int rbd_is_exclusive_lock_owner(rbd_image_t image, int *is_owner)}
   *
   * @return true if it does
   */
  public boolean isOwner() {
    return handle.callForLong(
            operation("look for the owner of"),
            (image, arena, out) -> rbd_is_exclusive_lock_owner(image, out))
        != 0;
  }

  /**
   * Acquires the lock and keeps it until {@link #release} or the close of the image. From now on,
   * also when this fails, librbd does not take the lock by itself for this object any more: without
   * it, its writes fail with {@link ReadOnlyImageException}.
   *
   * <p>Implements: {@code int rbd_lock_acquire(rbd_image_t image, rbd_lock_mode_t lock_mode)}
   *
   * @param mode how to hold it
   * @throws ReadOnlyImageException if another client holds it and keeps it
   * @throws InvalidRequestException if the image does not have the feature
   * @throws OperationNotSupportedException if librbd does not support the mode
   */
  public void acquire(LockMode mode) {
    requireKnown(mode);
    handle.call(operation("acquire"), image -> rbd_lock_acquire(image, mode.value()));
  }

  /**
   * Gives the lock back. To write again, acquire it again, or open the image again.
   *
   * <p>Implements: {@code int rbd_lock_release(rbd_image_t image)}
   *
   * @throws InvalidRequestException if this object does not hold it
   */
  public void release() {
    handle.call(operation("release"), image -> rbd_lock_release(image));
  }

  /**
   * Tells who holds the lock.
   *
   * <p>Implements: {@code int rbd_lock_get_owners(rbd_image_t image, rbd_lock_mode_t *lock_mode,
   * char **lock_owners, size_t *max_lock_owners)}, with {@code void
   * rbd_lock_get_owners_cleanup(char **lock_owners, size_t lock_owner_count)}
   *
   * @return the holders, empty if nobody holds it
   * @throws InvalidRequestException if the image does not have the feature
   */
  public Optional<Owners> owners() {
    return handle.use(
        (image, arena) -> {
          MemorySegment mode = arena.allocate(ValueLayout.JAVA_INT);
          try {
            List<String> owners =
                SizedBuffer.fetchList(
                    operation("list the owners of"),
                    Slot.array(ValueLayout.ADDRESS, 4),
                    b -> rbd_lock_get_owners(image, mode, b.data(0), b.sizePointer(0)),
                    owner -> NativeStrings.read(owner.get(ValueLayout.ADDRESS, 0)),
                    librbd_h::rbd_lock_get_owners_cleanup);
            int value = mode.get(ValueLayout.JAVA_INT, 0);
            return owners.isEmpty()
                ? Optional.empty()
                : Optional.of(new Owners(LockMode.of(value), value, owners));
          } catch (RbdException e) {
            if (e.errno() == Errno.ENOENT.code()) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /**
   * Takes the lock away from its holder, and blocklists that client if so configured.
   *
   * <p>Implements: {@code int rbd_lock_break(rbd_image_t image, rbd_lock_mode_t lock_mode, const
   * char *lock_owner)}
   *
   * @param mode how it is held
   * @param owner its holder, as {@link #owners} names it
   * @throws ObjectBusyException if another one holds it
   * @throws ObjectNotFoundException if nobody holds it
   */
  public void breakLock(LockMode mode, String owner) {
    requireKnown(mode);
    NativeStrings.requireName(owner, "owner");
    handle.callInArena(
        operation("break"),
        (image, arena) -> rbd_lock_break(image, mode.value(), NativeStrings.copy(arena, owner)));
  }

  private static void requireKnown(LockMode mode) {
    if (mode == LockMode.UNKNOWN) {
      throw new IllegalArgumentException("the mode is unknown");
    }
  }

  private Operation operation(String verb) {
    return handle.operation(verb).on(Subject.OTHER, "the exclusive lock of image " + handle.name());
  }
}
