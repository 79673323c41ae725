package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** Hints for a read or a write. */
public enum IoFlag implements NativeFlag {
  /** The accesses around it are random. */
  RANDOM(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_RANDOM()),
  /** The accesses around it are sequential. */
  SEQUENTIAL(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_SEQUENTIAL()),
  /** The data will be needed soon. */
  WILL_NEED(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_WILLNEED()),
  /** The data will not be needed soon. */
  DONT_NEED(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_DONTNEED()),
  /** The data shall not be cached for this client. */
  NO_CACHE(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_NOCACHE()),
  /** The write shall be safe before it returns, past a cache that writes back later. */
  FUA(librbd_constants.LIBRADOS_OP_FLAG_FADVISE_FUA());

  private final long bit;

  IoFlag(long bit) {
    this.bit = bit;
  }

  @Override
  public long bit() {
    return bit;
  }
}
