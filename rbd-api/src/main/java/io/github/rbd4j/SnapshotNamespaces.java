package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_group_namespace;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_mirror_namespace;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_trash_namespace;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_get_trash_namespace2;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_group_namespace_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_mirror_namespace_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_snap_trash_namespace_cleanup;

import io.github.rbd4j.bindings.rbd_snap_group_namespace_t;
import io.github.rbd4j.bindings.rbd_snap_mirror_namespace_t;
import io.github.rbd4j.bindings.rbd_snap_trash_namespace_t;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads the details of snapshot namespaces. */
final class SnapshotNamespaces {
  private SnapshotNamespaces() {}

  static SnapshotNamespace read(
      MemorySegment image, long snapshotId, int typeValue, Operation operation) {
    return switch (SnapshotNamespaceType.of(typeValue)) {
      case USER -> new SnapshotNamespace.User();
      case GROUP -> group(image, snapshotId, operation);
      case TRASH -> trash(image, snapshotId, operation);
      case MIRROR -> mirror(image, snapshotId, operation);
      case UNKNOWN -> new SnapshotNamespace.Unknown(typeValue);
    };
  }

  private static SnapshotNamespace group(MemorySegment image, long id, Operation operation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = rbd_snap_group_namespace_t.allocate(arena);
      long size = out.byteSize();
      Failures.check(rbd_snap_get_group_namespace(image, id, out, size), operation);
      try {
        return new SnapshotNamespace.Group(
            rbd_snap_group_namespace_t.group_pool(out),
            NativeStrings.read(rbd_snap_group_namespace_t.group_name(out)),
            NativeStrings.read(rbd_snap_group_namespace_t.group_snap_name(out)));
      } finally {
        rbd_snap_group_namespace_cleanup(out, size);
      }
    }
  }

  private static SnapshotNamespace trash(MemorySegment image, long id, Operation operation) {
    if (!NativeSymbols.has("rbd_snap_get_trash_namespace2")) {
      String name =
          SizedBuffer.fetchString(
              operation,
              Sizing.VALUE,
              b -> rbd_snap_get_trash_namespace(image, id, b.data(0), b.capacity(0)));
      SnapshotNamespaceType user = SnapshotNamespaceType.USER;
      return new SnapshotNamespace.Trash(name, user, user.value());
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = rbd_snap_trash_namespace_t.allocate(arena);
      long size = out.byteSize();
      Failures.check(rbd_snap_get_trash_namespace2(image, id, out, size), operation);
      try {
        int type = rbd_snap_trash_namespace_t.original_namespace_type(out);
        return new SnapshotNamespace.Trash(
            NativeStrings.read(rbd_snap_trash_namespace_t.original_name(out)),
            SnapshotNamespaceType.of(type),
            type);
      } finally {
        rbd_snap_trash_namespace_cleanup(out, size);
      }
    }
  }

  private static SnapshotNamespace mirror(MemorySegment image, long id, Operation operation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = rbd_snap_mirror_namespace_t.allocate(arena);
      long size = out.byteSize();
      Failures.check(rbd_snap_get_mirror_namespace(image, id, out, size), operation);
      try {
        int state = rbd_snap_mirror_namespace_t.state(out);
        return new SnapshotNamespace.Mirror(
            MirrorSnapshotState.of(state),
            state,
            rbd_snap_mirror_namespace_t.complete(out),
            NativeStrings.readMany(
                rbd_snap_mirror_namespace_t.mirror_peer_uuids(out),
                rbd_snap_mirror_namespace_t.mirror_peer_uuids_count(out)),
            NativeStrings.read(rbd_snap_mirror_namespace_t.primary_mirror_uuid(out)),
            rbd_snap_mirror_namespace_t.primary_snap_id(out),
            rbd_snap_mirror_namespace_t.last_copied_object_number(out));
      } finally {
        rbd_snap_mirror_namespace_cleanup(out, size);
      }
    }
  }
}
