package io.github.rbd4j;

import io.github.rbd4j.bindings.librbd_constants;

/** The options for a new image that {@link ImageOptions} can hold. */
public enum ImageOption {
  /** The format, 1 or 2. */
  FORMAT(librbd_constants.RBD_IMAGE_OPTION_FORMAT(), false),
  /** The features as a mask, see {@link NativeFlag#mask}. */
  FEATURES(librbd_constants.RBD_IMAGE_OPTION_FEATURES(), false),
  /** The binary logarithm of the object size, 12 to 25. */
  ORDER(librbd_constants.RBD_IMAGE_OPTION_ORDER(), false),
  /** The stripe unit in bytes. */
  STRIPE_UNIT(librbd_constants.RBD_IMAGE_OPTION_STRIPE_UNIT(), false),
  /** Over how many objects a stripe goes. */
  STRIPE_COUNT(librbd_constants.RBD_IMAGE_OPTION_STRIPE_COUNT(), false),
  /** The binary logarithm of the size of a journal object. */
  JOURNAL_ORDER(librbd_constants.RBD_IMAGE_OPTION_JOURNAL_ORDER(), false),
  /** Over how many objects the journal goes. */
  JOURNAL_SPLAY_WIDTH(librbd_constants.RBD_IMAGE_OPTION_JOURNAL_SPLAY_WIDTH(), false),
  /** The pool of the journal. */
  JOURNAL_POOL(librbd_constants.RBD_IMAGE_OPTION_JOURNAL_POOL(), true),
  /** Features to have besides the default ones, as a mask. */
  FEATURES_SET(librbd_constants.RBD_IMAGE_OPTION_FEATURES_SET(), false),
  /** Features not to have although they are default ones, as a mask. */
  FEATURES_CLEAR(librbd_constants.RBD_IMAGE_OPTION_FEATURES_CLEAR(), false),
  /** The pool of the data. */
  DATA_POOL(librbd_constants.RBD_IMAGE_OPTION_DATA_POOL(), true),
  /** Whether a deep copy is independent of the parent of its source: 0 or 1. */
  FLATTEN(librbd_constants.RBD_IMAGE_OPTION_FLATTEN(), false),
  /** The version of a clone, 1 or 2. */
  CLONE_FORMAT(librbd_constants.RBD_IMAGE_OPTION_CLONE_FORMAT(), false),
  /** How a mirrored image is mirrored: 0 by its journal, 1 by snapshots. */
  MIRROR_IMAGE_MODE(librbd_constants.RBD_IMAGE_OPTION_MIRROR_IMAGE_MODE(), false);

  private final int number;
  private final boolean text;

  ImageOption(int number, boolean text) {
    this.number = number;
    this.text = text;
  }

  int number() {
    return number;
  }

  /**
   * Whether the value is a text.
   *
   * @return true for a text, false for a number
   */
  public boolean isText() {
    return text;
  }
}
