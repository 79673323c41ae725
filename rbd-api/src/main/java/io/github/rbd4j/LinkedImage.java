package io.github.rbd4j;

import io.github.rbd4j.bindings.rbd_linked_image_spec_t;
import io.github.rbd4j.internal.NativeStrings;
import java.lang.foreign.MemorySegment;

/**
 * An image of the same family: a parent, a child or a further descendant.
 *
 * @param poolId the number of its pool
 * @param poolName the name of its pool
 * @param namespace its RADOS namespace, empty for the default one
 * @param id its id
 * @param name its name
 * @param inTrash whether it is in the trash
 */
public record LinkedImage(
    long poolId, String poolName, String namespace, String id, String name, boolean inTrash) {
  static LinkedImage read(MemorySegment spec) {
    return new LinkedImage(
        rbd_linked_image_spec_t.pool_id(spec),
        NativeStrings.read(rbd_linked_image_spec_t.pool_name(spec)),
        NativeStrings.read(rbd_linked_image_spec_t.pool_namespace(spec)),
        NativeStrings.read(rbd_linked_image_spec_t.image_id(spec)),
        NativeStrings.read(rbd_linked_image_spec_t.image_name(spec)),
        rbd_linked_image_spec_t.trash(spec));
  }
}
