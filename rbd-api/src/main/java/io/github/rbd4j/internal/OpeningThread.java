package io.github.rbd4j.internal;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_mirror_image_get_info;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_overlap;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_info;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_get_info_cleanup;

import io.github.rbd4j.bindings.rbd_mirror_image_info_t;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/**
 * The thread of librbd that opens an image.
 *
 * <p>When it opens a snapshot, be it that of an image or of the parent of a clone, it tells that
 * the image is open, and then locks a mutex of that image once more. Should the image be closed in
 * between, this mutex lies in freed memory, and the process ends. The callback in which that thread
 * is comes from librados, which makes all callbacks of a connection one after the other. So once
 * another request of librbd has been answered by such a callback, it has left.
 *
 * <p>An image that is open for writing needs nothing of this: its close ends the watch of the
 * header, which is such a request.
 */
public final class OpeningThread {
  private OpeningThread() {}

  /**
   * Waits until that thread has left an image that was just opened for reading only. How the
   * request ends that this takes does not matter.
   */
  public static void awaitLeft(MemorySegment image, SegmentAllocator memory, boolean atSnapshot) {
    if (!atSnapshot && !hasParent(image, memory)) {
      return;
    }
    MemorySegment info = rbd_mirror_image_info_t.allocate(memory);
    long result =
        Completions.call(
            completion -> rbd_aio_mirror_image_get_info(image, info, info.byteSize(), completion),
            () -> rbd_mirror_image_get_info(image, info, info.byteSize()));
    if (result >= 0) {
      rbd_mirror_image_get_info_cleanup(info);
    }
  }

  private static boolean hasParent(MemorySegment image, SegmentAllocator memory) {
    MemorySegment overlap = memory.allocate(ValueLayout.JAVA_LONG);
    return rbd_get_overlap(image, overlap) < 0 || overlap.get(ValueLayout.JAVA_LONG, 0) != 0;
  }
}
