package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_h;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** What is wrong with the metadata of an image. */
public enum ImageFlag {
  /** The object map does not tell the truth: rebuild it. */
  OBJECT_MAP_INVALID(librbd_h.RBD_FLAG_OBJECT_MAP_INVALID()),
  /** The data for fast differences does not tell the truth: rebuild the object map. */
  FAST_DIFF_INVALID(librbd_h.RBD_FLAG_FAST_DIFF_INVALID());

  private final long bit;

  ImageFlag(long bit) {
    this.bit = bit;
  }

  /**
   * The flags of a mask. Bits that this version of rbd4j does not know are left out.
   *
   * @param mask the mask
   * @return the flags, in the order of their bits
   */
  public static Set<ImageFlag> of(long mask) {
    EnumSet<ImageFlag> flags = EnumSet.noneOf(ImageFlag.class);
    for (ImageFlag flag : values()) {
      if ((mask & flag.bit) != 0) {
        flags.add(flag);
      }
    }
    return Collections.unmodifiableSet(flags);
  }
}
