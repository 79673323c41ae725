package io.github.rbd4j;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** A constant that librbd knows by a bit of a mask. */
public interface NativeFlag {
  /**
   * The bit of librbd.
   *
   * @return a power of two
   */
  long bit();

  /**
   * The constants of a mask. Bits that this version of rbd4j does not know are left out.
   *
   * @param <E> the kind of constant
   * @param kind its class
   * @param mask the mask
   * @return the constants, in the order of their declaration
   */
  static <E extends Enum<E> & NativeFlag> Set<E> of(Class<E> kind, long mask) {
    EnumSet<E> flags = EnumSet.allOf(kind);
    flags.removeIf(flag -> (mask & flag.bit()) == 0);
    return Collections.unmodifiableSet(flags);
  }

  /**
   * The mask of some constants.
   *
   * @param flags the constants
   * @return their bits together
   */
  static long mask(Set<? extends NativeFlag> flags) {
    long mask = 0;
    for (NativeFlag flag : flags) {
      mask |= flag.bit();
    }
    return mask;
  }
}
