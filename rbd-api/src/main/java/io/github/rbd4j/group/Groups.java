package io.github.rbd4j.group;

import static io.github.rbd4j.bindings.librbd_h.rbd_group_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_remove;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_rename;

import io.github.rbd4j.GroupNotFoundException;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.rados.IoContext;
import java.util.List;
import java.util.Objects;

/**
 * What one does to the groups of a pool and namespace. It is a view of an {@link IoContext}, costs
 * nothing, and is safe for any number of threads.
 */
public final class Groups {
  private final IoContext io;
  private final NativeHandle handle;

  /**
   * Makes the view.
   *
   * @param io the pool and namespace of the groups
   */
  public Groups(IoContext io) {
    this.io = Objects.requireNonNull(io, "io");
    this.handle = Handles.of(io);
  }

  /**
   * Creates a group without images.
   *
   * <p>Implements: {@code int rbd_group_create(rados_ioctx_t p, const char *name)}
   *
   * @param name its name, without {@code /} and {@code @}
   * @return the group
   * @throws io.github.rbd4j.ObjectExistsException if there is one of that name
   */
  public Group create(String name) {
    NativeStrings.requireNewName(name, "name");
    handle.callInArena(
        operation("create", name),
        (pool, arena) -> rbd_group_create(pool, NativeStrings.copy(arena, name)));
    return group(name);
  }

  /**
   * Names a group of this pool and namespace, whether it exists or not.
   *
   * @param name its name
   * @return what one can do with it
   */
  public Group group(String name) {
    return new Group(this, NativeStrings.requireName(name, "name"));
  }

  /**
   * Removes a group and its snapshots; the images stay.
   *
   * <p>Implements: {@code int rbd_group_remove(rados_ioctx_t p, const char *name)}
   *
   * @param name its name
   * @throws GroupNotFoundException if there is none of that name
   */
  public void remove(String name) {
    NativeStrings.requireName(name, "name");
    Operation operation = operation("remove", name);
    requireExists(name, operation);
    handle.callInArena(
        operation, (pool, arena) -> rbd_group_remove(pool, NativeStrings.copy(arena, name)));
  }

  /**
   * Renames a group.
   *
   * <p>Implements: {@code int rbd_group_rename(rados_ioctx_t p, const char *src_name, const char
   * *dest_name)}
   *
   * @param name its name
   * @param newName its new name, without {@code /} and {@code @}
   * @throws GroupNotFoundException if there is none of that name
   * @throws io.github.rbd4j.ObjectExistsException if there is one of the new name
   */
  public void rename(String name, String newName) {
    NativeStrings.requireName(name, "name");
    NativeStrings.requireNewName(newName, "newName");
    handle.callInArena(
        operation("rename", name),
        (pool, arena) ->
            rbd_group_rename(
                pool, NativeStrings.copy(arena, name), NativeStrings.copy(arena, newName)));
  }

  /**
   * The groups of the pool and namespace.
   *
   * <p>Implements: {@code int rbd_group_list(rados_ioctx_t p, char *names, size_t *size)}
   *
   * @return their names
   */
  public List<String> list() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchNames(
                handle.operation("list the groups of"),
                Sizing.SIZE_POINTER,
                b -> rbd_group_list(pool, b.data(0), b.sizePointer(0))));
  }

  /** Throws if there is no such group, which librbd passes over in silence. */
  void requireExists(String name, Operation operation) {
    if (!list().contains(name)) {
      throw Failures.toException(Errno.ENOENT.result(), operation, null);
    }
  }

  IoContext ioContext() {
    return io;
  }

  NativeHandle handle() {
    return handle;
  }

  Operation operation(String verb, String group) {
    return new Operation(verb, Subject.GROUP, handle.name() + "/" + group);
  }

  @Override
  public String toString() {
    return "groups of " + io;
  }
}
