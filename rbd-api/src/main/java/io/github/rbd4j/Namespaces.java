package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_namespace_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_namespace_exists;
import static io.github.rbd4j.bindings.librbd_h.rbd_namespace_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_namespace_remove;

import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.Subject;
import java.util.List;

/**
 * The namespaces of a pool. The images in one are reached through {@link
 * io.github.rbd4j.rados.Cluster#ioContext(String, String)}. These methods need an {@link
 * io.github.rbd4j.rados.IoContext} of the default namespace.
 */
public final class Namespaces {
  private final Rbd rbd;
  private final NativeHandle handle;

  Namespaces(Rbd rbd) {
    this.rbd = rbd;
    this.handle = Handles.of(rbd.ioContext());
  }

  /**
   * Creates a namespace.
   *
   * <p>Implements: {@code int rbd_namespace_create(rados_ioctx_t io, const char *namespace_name)}
   *
   * @param name its name, without {@code /} and {@code @}
   * @throws ObjectExistsException if there is one of that name
   */
  public void create(String name) {
    NativeStrings.requireNewName(name, "name");
    handle.callInArena(
        operation("create", name),
        (pool, arena) -> rbd_namespace_create(pool, NativeStrings.copy(arena, name)));
  }

  /**
   * Removes a namespace that has no images.
   *
   * <p>Implements: {@code int rbd_namespace_remove(rados_ioctx_t io, const char *namespace_name)}
   *
   * @param name its name
   * @throws NamespaceNotFoundException if there is none of that name
   * @throws ObjectBusyException if it has images
   */
  public void remove(String name) {
    NativeStrings.requireName(name, "name");
    handle.callInArena(
        operation("remove", name),
        (pool, arena) -> rbd_namespace_remove(pool, NativeStrings.copy(arena, name)));
  }

  /**
   * The namespaces of the pool, without the default one.
   *
   * <p>Implements: {@code int rbd_namespace_list(rados_ioctx_t io, char *namespace_names, size_t
   * *size)}
   *
   * @return their names
   */
  public List<String> list() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchNames(
                handle.operation("list the namespaces of"),
                Sizing.SIZE_POINTER,
                b -> rbd_namespace_list(pool, b.data(0), b.sizePointer(0))));
  }

  /**
   * Whether there is a namespace of a name.
   *
   * <p>Implements: {@code int rbd_namespace_exists(rados_ioctx_t io, const char *namespace_name,
   * bool *exists)}
   *
   * @param name the name
   * @return true if there is
   */
  public boolean exists(String name) {
    NativeStrings.requireName(name, "name");
    return handle.callForLong(
            operation("look for", name),
            (pool, arena, out) -> rbd_namespace_exists(pool, NativeStrings.copy(arena, name), out))
        != 0;
  }

  private Operation operation(String verb, String name) {
    return new Operation(verb, Subject.NAMESPACE, handle.name() + "/" + name);
  }

  @Override
  public String toString() {
    return "namespaces of " + rbd.ioContext();
  }
}
