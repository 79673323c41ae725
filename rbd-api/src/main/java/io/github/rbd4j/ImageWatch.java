package io.github.rbd4j;

import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;

/** A running watch of an image, see {@link Image#watch}. It ends with the image. */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class ImageWatch extends NativeObject {
  ImageWatch(NativeHandle handle) {
    super(handle);
  }

  /**
   * Ends the watch. It may be called from anywhere, also from the listener. A call of the listener
   * that is on its way may still come.
   *
   * <p>Implements: {@code int rbd_update_unwatch(rbd_image_t image, uint64_t handle)}
   */
  @Override
  public void close() {
    super.close();
  }
}
