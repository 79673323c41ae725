package io.github.rbd4j.internal;

import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.rados.Cluster;
import org.jspecify.annotations.Nullable;

/** What the monitors tell of pools, clients and snapshots, and librados does not hand on. */
public final class OsdMap {
  private OsdMap() {}

  /** The map in JSON; null if the user of the connection may not know. */
  public static @Nullable String of(Cluster cluster) {
    try {
      return cluster.monCommand("{\"prefix\": \"osd dump\", \"format\": \"json\"}").output();
    } catch (PermissionDeniedException notAllowed) {
      return null;
    }
  }
}
