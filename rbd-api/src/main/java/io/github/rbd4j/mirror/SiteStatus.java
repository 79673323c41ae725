package io.github.rbd4j.mirror;

import io.github.rbd4j.bindings.rbd_mirror_image_site_status_t;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeTime;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * What one site does with a mirrored image.
 *
 * @param mirrorUuid the id of the site, empty for this cluster
 * @param state what it does
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 * @param description the same in words, often with figures in JSON
 * @param lastUpdate when it reported this
 * @param up whether its daemon is alive
 */
public record SiteStatus(
    String mirrorUuid,
    ReplayState state,
    int stateValue,
    String description,
    Instant lastUpdate,
    boolean up) {
  static SiteStatus read(MemorySegment status) {
    int state = rbd_mirror_image_site_status_t.state(status);
    return new SiteStatus(
        NativeStrings.read(rbd_mirror_image_site_status_t.mirror_uuid(status)),
        ReplayState.of(state),
        state,
        NativeStrings.read(rbd_mirror_image_site_status_t.description(status)),
        NativeTime.ofSeconds(rbd_mirror_image_site_status_t.last_update(status)),
        rbd_mirror_image_site_status_t.up(status));
  }

  /**
   * Whether this is the status of this cluster.
   *
   * @return true for the local status, false for that of a peer
   */
  public boolean isLocal() {
    return mirrorUuid.isEmpty();
  }
}
