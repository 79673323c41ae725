package io.github.rbd4j;

import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.Upcalls;

/** A running watch of an image, see {@link Image#watch}. It ends with the image. */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class ImageWatch extends NativeObject {
  ImageWatch(NativeHandle handle) {
    super(handle);
  }

  /**
   * Ends the watch. It may be called from anywhere, also from the listener, and from a callback on
   * a thread of librbd: there the watch ends as soon as librbd gets to it. A call of the listener
   * that is on its way may still come.
   *
   * <p>Implements: {@code int rbd_update_unwatch(rbd_image_t image, uint64_t handle)}
   */
  @Override
  public void close() {
    if (Upcalls.isInsideCallback()) { // which librbd waits for before it ends a watch
      var _ = Thread.ofPlatform().daemon().name("rbd4j-call").start(this::end);
    } else {
      super.close();
    }
  }

  private void end() {
    super.close();
  }
}
