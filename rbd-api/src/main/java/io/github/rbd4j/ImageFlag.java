package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** What is wrong with the metadata of an image. */
public enum ImageFlag implements NativeFlag {
  /** The object map does not tell the truth: rebuild it. */
  OBJECT_MAP_INVALID(librbd_constants.RBD_FLAG_OBJECT_MAP_INVALID()),
  /** The data for fast differences does not tell the truth: rebuild the object map. */
  FAST_DIFF_INVALID(librbd_constants.RBD_FLAG_FAST_DIFF_INVALID());

  private final long bit;

  ImageFlag(long bit) {
    this.bit = bit;
  }

  @Override
  public long bit() {
    return bit;
  }
}
