package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_break_lock;
import static io.github.rbd4j.bindings.librbd_h.rbd_list_lockers;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_exclusive;
import static io.github.rbd4j.bindings.librbd_h.rbd_lock_shared;
import static io.github.rbd4j.bindings.librbd_h.rbd_unlock;

import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The advisory locks of an image: librbd stores them and leaves it to the clients to respect them.
 *
 * <p>An image with the exclusive-lock feature shows the owner of that lock here too, with the tag
 * {@code internal}, as of the moment when this object learned last of a change of the image; while
 * it has one, no advisory lock can be taken.
 */
public final class AdvisoryLocks {
  private final NativeHandle handle;

  AdvisoryLocks(NativeHandle handle) {
    this.handle = handle;
  }

  /**
   * One who holds the lock.
   *
   * @param client the client, for instance {@code client.4125}
   * @param cookie what the client gave to tell its locks apart
   * @param address the address of the client
   */
  public record Locker(String client, String cookie, String address) {}

  /**
   * Who holds the lock.
   *
   * @param exclusive whether it was taken with {@link #lockExclusive}
   * @param tag the tag of a shared lock, {@code internal} for the lock of the feature, else empty
   * @param lockers who holds it, nobody if the list is empty
   */
  public record Lockers(boolean exclusive, String tag, List<Locker> lockers) {}

  /**
   * Tells who holds the lock.
   *
   * <p>Implements: {@code ssize_t rbd_list_lockers(rbd_image_t image, int *exclusive, char *tag,
   * size_t *tag_len, char *clients, size_t *clients_len, char *cookies, size_t *cookies_len, char
   * *addrs, size_t *addrs_len)}
   *
   * @return the holders
   */
  public Lockers list() {
    return handle.use(
        (image, arena) -> {
          var exclusive = arena.allocate(ValueLayout.JAVA_INT);
          return SizedBuffer.fetch(
              operation("list the holders of"),
              b ->
                  rbd_list_lockers(
                      image,
                      exclusive,
                      b.data(0),
                      b.sizePointer(0),
                      b.data(1),
                      b.sizePointer(1),
                      b.data(2),
                      b.sizePointer(2),
                      b.data(3),
                      b.sizePointer(3)),
              (b, count) ->
                  new Lockers(
                      exclusive.get(ValueLayout.JAVA_INT, 0) != 0,
                      count == 0 ? "" : NativeStrings.readBuffer(b.data(0)),
                      lockers(b, count)),
              Slot.bytes(256, Sizing.SIZE_POINTER),
              Slot.bytes(1024, Sizing.SIZE_POINTER),
              Slot.bytes(1024, Sizing.SIZE_POINTER),
              Slot.bytes(1024, Sizing.SIZE_POINTER));
        });
  }

  private static List<Locker> lockers(SizedBuffer buffers, long count) {
    List<String> clients = NativeStrings.split(buffers.data(1), buffers.count(1));
    List<String> cookies = NativeStrings.split(buffers.data(2), buffers.count(2));
    List<String> addresses = NativeStrings.split(buffers.data(3), buffers.count(3));
    List<Locker> lockers = new ArrayList<>();
    for (int i = 0; i < Math.min(count, clients.size()); i++) {
      lockers.add(new Locker(clients.get(i), at(cookies, i), at(addresses, i)));
    }
    return List.copyOf(lockers);
  }

  private static String at(List<String> strings, int index) {
    return index < strings.size() ? strings.get(index) : "";
  }

  /**
   * Takes the lock alone.
   *
   * <p>Implements: {@code int rbd_lock_exclusive(rbd_image_t image, const char *cookie)}
   *
   * @param cookie tells the locks of this client apart
   * @throws ObjectBusyException if somebody else holds it
   * @throws ObjectExistsException if this client holds it with this cookie
   */
  public void lockExclusive(String cookie) {
    NativeStrings.require(cookie, "cookie");
    handle.callInArena(
        operation("take"),
        (image, arena) -> rbd_lock_exclusive(image, NativeStrings.copy(arena, cookie)));
  }

  /**
   * Takes the lock together with others that give the same tag.
   *
   * <p>Implements: {@code int rbd_lock_shared(rbd_image_t image, const char *cookie, const char
   * *tag)}
   *
   * @param cookie tells the locks of this client apart
   * @param tag what all holders give
   * @throws ObjectBusyException if somebody holds it alone or with another tag
   * @throws ObjectExistsException if this client holds it with this cookie
   */
  public void lockShared(String cookie, String tag) {
    NativeStrings.require(cookie, "cookie");
    NativeStrings.require(tag, "tag");
    handle.callInArena(
        operation("take"),
        (image, arena) ->
            rbd_lock_shared(
                image, NativeStrings.copy(arena, cookie), NativeStrings.copy(arena, tag)));
  }

  /**
   * Gives the lock back.
   *
   * <p>Implements: {@code int rbd_unlock(rbd_image_t image, const char *cookie)}
   *
   * @param cookie the cookie with which it was taken
   * @throws ObjectNotFoundException if this client does not hold it with this cookie
   */
  public void unlock(String cookie) {
    NativeStrings.require(cookie, "cookie");
    handle.callInArena(
        operation("give back"),
        (image, arena) -> rbd_unlock(image, NativeStrings.copy(arena, cookie)));
  }

  /**
   * Takes the lock away from another client, and blocklists that client if so configured ({@code
   * rbd_blocklist_on_break_lock}).
   *
   * <p>Implements: {@code int rbd_break_lock(rbd_image_t image, const char *client, const char
   * *cookie)}
   *
   * @param client the client, as {@link #list} names it
   * @param cookie the cookie with which the client took it
   * @throws ObjectNotFoundException if that client does not hold it with that cookie
   */
  public void breakLock(String client, String cookie) {
    NativeStrings.requireName(client, "client");
    NativeStrings.require(cookie, "cookie");
    handle.callInArena(
        operation("break"),
        (image, arena) ->
            rbd_break_lock(
                image, NativeStrings.copy(arena, client), NativeStrings.copy(arena, cookie)));
  }

  private Operation operation(String verb) {
    return handle.operation(verb).on(Subject.OTHER, "the advisory lock of image " + handle.name());
  }
}
