package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_h;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** What librbd itself notes about the use of an image. */
public enum OperationFeature {
  /** It has clones of version 2. */
  CLONE_PARENT(librbd_h.RBD_OPERATION_FEATURE_CLONE_PARENT()),
  /** It is a clone of version 2. */
  CLONE_CHILD(librbd_h.RBD_OPERATION_FEATURE_CLONE_CHILD()),
  /** It is a member of a group. */
  GROUP(librbd_h.RBD_OPERATION_FEATURE_GROUP()),
  /** It has a snapshot in the trash. */
  SNAP_TRASH(librbd_h.RBD_OPERATION_FEATURE_SNAP_TRASH());

  private final long bit;

  OperationFeature(long bit) {
    this.bit = bit;
  }

  /**
   * The operation features of a mask. Bits that this version of rbd4j does not know are left out.
   *
   * @param mask the mask
   * @return the operation features, in the order of their bits
   */
  public static Set<OperationFeature> of(long mask) {
    EnumSet<OperationFeature> features = EnumSet.noneOf(OperationFeature.class);
    for (OperationFeature feature : values()) {
      if ((mask & feature.bit) != 0) {
        features.add(feature);
      }
    }
    return Collections.unmodifiableSet(features);
  }
}
