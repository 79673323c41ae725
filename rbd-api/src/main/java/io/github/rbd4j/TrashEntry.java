package io.github.rbd4j;

import io.github.rbd4j.bindings.rbd_trash_image_info_t;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeTime;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * An image in the trash.
 *
 * @param id its id, by which everything is done to it
 * @param name the name that it had
 * @param source who moved it there
 * @param sourceValue the number of that, also when this version of rbd4j does not know it
 * @param deleted when it was moved there
 * @param deferredUntil until when it cannot be removed without force
 */
public record TrashEntry(
    String id,
    String name,
    TrashSource source,
    int sourceValue,
    Instant deleted,
    Instant deferredUntil) {
  static TrashEntry read(MemorySegment info) {
    int source = rbd_trash_image_info_t.source(info);
    return new TrashEntry(
        NativeStrings.read(rbd_trash_image_info_t.id(info)),
        NativeStrings.read(rbd_trash_image_info_t.name(info)),
        TrashSource.of(source),
        source,
        NativeTime.ofSeconds(rbd_trash_image_info_t.deletion_time(info)),
        NativeTime.ofSeconds(rbd_trash_image_info_t.deferment_end_time(info)));
  }
}
