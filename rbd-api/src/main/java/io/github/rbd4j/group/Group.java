package io.github.rbd4j.group;

import static io.github.rbd4j.bindings.librbd_h.rbd_group_get_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_image_add;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_image_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_image_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_image_remove;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_image_remove_by_id;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_create2;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_get_info;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_get_info_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_list2;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_remove;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_rename;
import static io.github.rbd4j.bindings.librbd_h.rbd_group_snap_rollback_with_progress;

import io.github.rbd4j.NativeFlag;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.bindings.rbd_group_image_info_t;
import io.github.rbd4j.bindings.rbd_group_image_snap_info_t;
import io.github.rbd4j.bindings.rbd_group_snap_info2_t;
import io.github.rbd4j.bindings.rbd_group_snap_info_t;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeArray;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.OffCarrier;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SameCluster;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.SnapshotObjectMaps;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A group of images, by its name. It is a name only and costs nothing. */
public final class Group {
  private final Groups groups;
  private final NativeHandle handle;
  private final String name;

  Group(Groups groups, String name) {
    this.groups = groups;
    this.handle = groups.handle();
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
   * The id, which stays the same when the group is renamed. Needs librbd of Ceph 20 or newer.
   *
   * <p>Implements: {@code int rbd_group_get_id(rados_ioctx_t p, const char *group_name, char
   * *group_id, size_t *size)}
   *
   * @return the id
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public String id() {
    NativeSymbols.require("rbd_group_get_id");
    return handle.use(
        (pool, arena) -> {
          MemorySegment group = NativeStrings.copy(arena, name);
          return SizedBuffer.fetchString(
              operation("get the id of"),
              Sizing.SIZE_POINTER,
              b -> rbd_group_get_id(pool, group, b.data(0), b.sizePointer(0)));
        });
  }

  // ----------------------------------------------------------------------------------- images

  /**
   * Adds an image.
   *
   * <p>Implements: {@code int rbd_group_image_add(rados_ioctx_t group_p, const char *group_name,
   * rados_ioctx_t image_p, const char *image_name)}
   *
   * @param io the pool and namespace of the image
   * @param image the name of the image
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such group or image
   * @throws io.github.rbd4j.ObjectExistsException if the image is in another group
   * @throws io.github.rbd4j.InvalidRequestException if the namespace is not that of the group
   * @throws IllegalArgumentException if the pool is of another cluster
   */
  public void addImage(IoContext io, String image) {
    NativeStrings.requireName(image, "image");
    SameCluster.require(groups.ioContext().cluster(), io.cluster());
    withImagePool(
        "add image " + image + " to",
        io,
        (pool, arena, group, imagePool) ->
            rbd_group_image_add(pool, group, imagePool, NativeStrings.copy(arena, image)));
  }

  /**
   * Removes an image from the group.
   *
   * <p>Implements: {@code int rbd_group_image_remove(rados_ioctx_t group_p, const char *group_name,
   * rados_ioctx_t image_p, const char *image_name)}
   *
   * @param io the pool and namespace of the image
   * @param image the name of the image
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such group, or the image is not
   *     in it
   * @throws IllegalArgumentException if the pool is of another cluster
   */
  public void removeImage(IoContext io, String image) {
    NativeStrings.requireName(image, "image");
    SameCluster.require(groups.ioContext().cluster(), io.cluster());
    String verb = "remove image " + image + " from";
    requireMember(verb, io, image);
    withImagePool(
        verb,
        io,
        (pool, arena, group, imagePool) ->
            rbd_group_image_remove(pool, group, imagePool, NativeStrings.copy(arena, image)));
  }

  /**
   * Removes an image from the group by its id. An image that is not in the group is passed over.
   *
   * <p>Implements: {@code int rbd_group_image_remove_by_id(rados_ioctx_t group_p, const char
   * *group_name, rados_ioctx_t image_p, const char *image_id)}
   *
   * @param io the pool and namespace of the image
   * @param imageId the id of the image
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such group
   * @throws IllegalArgumentException if the pool is of another cluster
   */
  public void removeImageById(IoContext io, String imageId) {
    NativeStrings.requireName(imageId, "imageId");
    SameCluster.require(groups.ioContext().cluster(), io.cluster());
    withImagePool(
        "remove image id:" + imageId + " from",
        io,
        (pool, arena, group, imagePool) ->
            rbd_group_image_remove_by_id(
                pool, group, imagePool, NativeStrings.copy(arena, imageId)));
  }

  @FunctionalInterface
  private interface ImageCall {
    int on(MemorySegment pool, Arena arena, MemorySegment group, MemorySegment imagePool);
  }

  /** Throws if an image is not in the group, which librbd passes over in silence. */
  private void requireMember(String verb, IoContext io, String image) {
    long poolId = io.poolId();
    if (images().stream().noneMatch(i -> i.name().equals(image) && i.poolId() == poolId)) {
      throw Failures.toException(Errno.ENOENT.result(), imageOperation(verb), null);
    }
  }

  /** What is missing can be the group or the image. */
  private Operation imageOperation(String verb) {
    return operation(verb).on(Subject.OTHER, "group " + operation(verb).object());
  }

  private void withImagePool(String verb, IoContext io, ImageCall call) {
    Operation operation = imageOperation(verb);
    Handles.of(io)
        .use(
            (imagePool, _) ->
                handle.callInArena(
                    operation,
                    (pool, arena) ->
                        call.on(pool, arena, NativeStrings.copy(arena, name), imagePool)));
  }

  /**
   * The images of the group.
   *
   * <p>Implements: {@code int rbd_group_image_list(rados_ioctx_t group_p, const char *group_name,
   * rbd_group_image_info_t *images, size_t group_image_info_size, size_t *num_entries)}, with
   * {@code int rbd_group_image_list_cleanup(rbd_group_image_info_t *images, size_t
   * group_image_info_size, size_t num_entries)}
   *
   * @return the images
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   */
  public List<GroupImage> images() {
    List<GroupImage> images = listImages();
    if (images.isEmpty()) {
      groups.requireExists(name, listing());
    }
    return images;
  }

  private Operation listing() {
    return operation("list the images of");
  }

  /** The images of the group; none, too, if there is no such group. */
  private List<GroupImage> listImages() {
    long size = rbd_group_image_info_t.layout().byteSize();
    return handle.use(
        (pool, arena) -> {
          MemorySegment group = NativeStrings.copy(arena, name);
          return SizedBuffer.fetchList(
              listing(),
              Slot.array(rbd_group_image_info_t.layout(), 32),
              b -> rbd_group_image_list(pool, group, b.data(0), size, b.sizePointer(0)),
              info -> {
                int state = rbd_group_image_info_t.state(info);
                return new GroupImage(
                    NativeStrings.read(rbd_group_image_info_t.name(info)),
                    rbd_group_image_info_t.pool(info),
                    GroupImageState.of(state),
                    state);
              },
              (array, count) -> rbd_group_image_list_cleanup(array, size, count));
        });
  }

  // -------------------------------------------------------------------------------- snapshots

  /**
   * Takes a snapshot of all images at one moment.
   *
   * @param snapshot its name, without {@code /} and {@code @}
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   * @throws io.github.rbd4j.ObjectExistsException if there is a snapshot of that name
   */
  public void createSnapshot(String snapshot) {
    createSnapshot(snapshot, Set.of());
  }

  /**
   * Takes a snapshot of all images at one moment.
   *
   * <p>Implements: {@code int rbd_group_snap_create2(rados_ioctx_t group_p, const char *group_name,
   * const char *snap_name, uint32_t flags)}
   *
   * @param snapshot its name, without {@code /} and {@code @}
   * @param flags how
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   * @throws io.github.rbd4j.ObjectExistsException if there is a snapshot of that name
   */
  public void createSnapshot(String snapshot, Set<SnapshotCreateFlag> flags) {
    NativeStrings.requireNewName(snapshot, "snapshot");
    int mask = (int) NativeFlag.mask(flags);
    OffCarrier.run(
        () ->
            handle.callInArena(
                operation("create snapshot " + snapshot + " of"),
                (pool, arena) ->
                    rbd_group_snap_create2(
                        pool,
                        NativeStrings.copy(arena, name),
                        NativeStrings.copy(arena, snapshot),
                        mask)));
  }

  /**
   * Removes a snapshot of the group.
   *
   * <p>Implements: {@code int rbd_group_snap_remove(rados_ioctx_t group_p, const char *group_name,
   * const char *snap_name)}
   *
   * @param snapshot its name
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   * @throws io.github.rbd4j.SnapshotNotFoundException if there is no snapshot of that name
   */
  public void removeSnapshot(String snapshot) {
    NativeStrings.requireName(snapshot, "snapshot");
    handle.callInArena(
        snapshotOperation("remove", snapshot),
        (pool, arena) ->
            rbd_group_snap_remove(
                pool, NativeStrings.copy(arena, name), NativeStrings.copy(arena, snapshot)));
  }

  /**
   * Renames a snapshot of the group.
   *
   * <p>Implements: {@code int rbd_group_snap_rename(rados_ioctx_t group_p, const char *group_name,
   * const char *old_snap_name, const char *new_snap_name)}
   *
   * @param snapshot its name
   * @param newName its new name, without {@code /} and {@code @}
   * @throws io.github.rbd4j.SnapshotNotFoundException if there is no snapshot of that name
   * @throws io.github.rbd4j.SnapshotExistsException if there is one of the new name
   */
  public void renameSnapshot(String snapshot, String newName) {
    NativeStrings.requireName(snapshot, "snapshot");
    NativeStrings.requireNewName(newName, "newName");
    handle.callInArena(
        snapshotOperation("rename", snapshot),
        (pool, arena) ->
            rbd_group_snap_rename(
                pool,
                NativeStrings.copy(arena, name),
                NativeStrings.copy(arena, snapshot),
                NativeStrings.copy(arena, newName)));
  }

  /**
   * Makes all images what they were when the snapshot was taken.
   *
   * @param snapshot its name
   * @throws io.github.rbd4j.SnapshotNotFoundException if there is no snapshot of that name
   */
  public void rollback(String snapshot) {
    rollback(snapshot, ProgressListener.NONE);
  }

  /**
   * Makes all images what they were when the snapshot was taken. An exception out of the listener
   * stops it, and leaves images that are rolled back in part: call again. Object maps of the
   * snapshot that are not valid are made anew before, for librbd would trust them.
   *
   * <p>Implements: {@code int rbd_group_snap_rollback_with_progress(rados_ioctx_t group_p, const
   * char *group_name, const char *snap_name, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param snapshot its name
   * @param listener told the number of objects, of one image after the other
   * @throws io.github.rbd4j.SnapshotNotFoundException if there is no snapshot of that name
   */
  public void rollback(String snapshot, ProgressListener listener) {
    NativeStrings.requireName(snapshot, "snapshot");
    Objects.requireNonNull(listener, "listener");
    for (GroupImage member : listImages()) {
      SnapshotObjectMaps.prepareRollback(groups.ioContext(), member, name, snapshot);
    }
    handle.callWithProgress(
        snapshotOperation("roll back to", snapshot),
        listener,
        (pool, arena, argument) ->
            rbd_group_snap_rollback_with_progress(
                pool,
                NativeStrings.copy(arena, name),
                NativeStrings.copy(arena, snapshot),
                Upcalls.progressStub(),
                argument));
  }

  /**
   * The snapshots of the group.
   *
   * <p>Implements: {@code int rbd_group_snap_list2(rados_ioctx_t group_p, const char *group_name,
   * rbd_group_snap_info2_t *snaps, size_t *num_entries)}, with {@code void
   * rbd_group_snap_list2_cleanup(rbd_group_snap_info2_t *snaps, size_t num_entries)}; before Ceph
   * 20 {@code int rbd_group_snap_list(rados_ioctx_t group_p, const char *group_name,
   * rbd_group_snap_info_t *snaps, size_t group_snap_info_size, size_t *num_entries)}, with {@code
   * int rbd_group_snap_list_cleanup(rbd_group_snap_info_t *snaps, size_t group_snap_info_size,
   * size_t num_entries)}
   *
   * @return the snapshots, each once
   * @throws io.github.rbd4j.GroupNotFoundException if there is no group of this name
   */
  public List<GroupSnapshot> snapshots() {
    Operation operation = operation("list the snapshots of");
    List<GroupSnapshot> found =
        NativeSymbols.has("rbd_group_snap_list2") ? listNew(operation) : listOld(operation);
    if (found.isEmpty()) {
      groups.requireExists(name, operation);
    }
    // librbd before Ceph 18 repeats records when there are more than 64.
    Map<String, GroupSnapshot> once = new LinkedHashMap<>();
    found.forEach(snapshot -> once.putIfAbsent(snapshot.name(), snapshot));
    return List.copyOf(once.values());
  }

  private List<GroupSnapshot> listNew(Operation operation) {
    return handle.use(
        (pool, arena) -> {
          MemorySegment group = NativeStrings.copy(arena, name);
          return SizedBuffer.fetchList(
              operation,
              Slot.array(rbd_group_snap_info2_t.layout(), 32),
              b -> rbd_group_snap_list2(pool, group, b.data(0), b.sizePointer(0)),
              Group::readSnapshot,
              librbd_h::rbd_group_snap_list2_cleanup);
        });
  }

  private List<GroupSnapshot> listOld(Operation operation) {
    long size = rbd_group_snap_info_t.layout().byteSize();
    return handle.use(
        (pool, arena) -> {
          MemorySegment group = NativeStrings.copy(arena, name);
          return SizedBuffer.fetchList(
              operation,
              Slot.array(rbd_group_snap_info_t.layout(), 32),
              b -> rbd_group_snap_list(pool, group, b.data(0), size, b.sizePointer(0)),
              info -> {
                int state = rbd_group_snap_info_t.state(info);
                return new GroupSnapshot(
                    "",
                    NativeStrings.read(rbd_group_snap_info_t.name(info)),
                    "",
                    GroupSnapshotState.of(state),
                    state,
                    List.of());
              },
              (array, count) -> rbd_group_snap_list_cleanup(array, size, count));
        });
  }

  /**
   * Tells about one snapshot of the group. Needs librbd of Ceph 20 or newer.
   *
   * <p>Implements: {@code int rbd_group_snap_get_info(rados_ioctx_t group_p, const char
   * *group_name, const char *snap_name, rbd_group_snap_info2_t *group_snap)}, with {@code void
   * rbd_group_snap_get_info_cleanup(rbd_group_snap_info2_t *group_snap)}
   *
   * @param snapshot its name
   * @return what is known about it
   * @throws io.github.rbd4j.SnapshotNotFoundException if there is no snapshot of that name
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public GroupSnapshot snapshot(String snapshot) {
    NativeStrings.requireName(snapshot, "snapshot");
    NativeSymbols.require("rbd_group_snap_get_info");
    return handle.use(
        (pool, arena) -> {
          MemorySegment info = rbd_group_snap_info2_t.allocate(arena);
          Failures.check(
              rbd_group_snap_get_info(
                  pool, NativeStrings.copy(arena, name), NativeStrings.copy(arena, snapshot), info),
              snapshotOperation("get information about", snapshot));
          try {
            return readSnapshot(info);
          } finally {
            rbd_group_snap_get_info_cleanup(info);
          }
        });
  }

  private static GroupSnapshot readSnapshot(MemorySegment info) {
    List<GroupSnapshot.Member> members =
        NativeArray.elements(
                rbd_group_snap_info2_t.image_snaps(info),
                rbd_group_snap_info2_t.image_snaps_count(info),
                rbd_group_image_snap_info_t.layout(),
                "the images of a snapshot of a group")
            .stream()
            .map(
                member ->
                    new GroupSnapshot.Member(
                        NativeStrings.read(rbd_group_image_snap_info_t.image_name(member)),
                        rbd_group_image_snap_info_t.pool_id(member),
                        rbd_group_image_snap_info_t.snap_id(member)))
            .toList();
    int state = rbd_group_snap_info2_t.state(info);
    return new GroupSnapshot(
        NativeStrings.read(rbd_group_snap_info2_t.id(info)),
        NativeStrings.read(rbd_group_snap_info2_t.name(info)),
        NativeStrings.read(rbd_group_snap_info2_t.image_snap_name(info)),
        GroupSnapshotState.of(state),
        state,
        members);
  }

  private Operation operation(String verb) {
    return groups.operation(verb, name);
  }

  private Operation snapshotOperation(String verb, String snapshot) {
    return new Operation(verb, Subject.SNAPSHOT, operation(verb).object() + "@" + snapshot);
  }

  @Override
  public String toString() {
    return "group " + handle.name() + "/" + name;
  }
}
