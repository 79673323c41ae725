package io.github.rbd4j.mirror;

import io.github.rbd4j.bindings.rbd_mirror_image_info_t;
import io.github.rbd4j.internal.NativeStrings;
import java.lang.foreign.MemorySegment;

/**
 * Whether and as what an image is mirrored.
 *
 * @param globalId the id that the image has in all clusters, empty if it is not mirrored
 * @param state whether it is mirrored
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 * @param primary whether this cluster has the primary image, the one that can be written
 */
public record ImageMirrorInfo(
    String globalId, ImageMirrorState state, int stateValue, boolean primary) {
  static ImageMirrorInfo read(MemorySegment info) {
    int state = rbd_mirror_image_info_t.state(info);
    return new ImageMirrorInfo(
        NativeStrings.read(rbd_mirror_image_info_t.global_id(info)),
        ImageMirrorState.of(state),
        state,
        rbd_mirror_image_info_t.primary(info));
  }
}
