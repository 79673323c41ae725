package io.github.rbd4j.nio;

import io.github.rbd4j.Preview;

/** What an {@link ImageChannel} may and shall do. */
@Preview
public enum ImageChannelOption {
  /** It only reads, also if the image could be written. */
  READ_ONLY,
  /**
   * It may change the size of the image: writes beyond the end make it larger, truncating smaller.
   */
  RESIZE,
  /** Closing the channel closes the image, too. */
  CLOSE_IMAGE
}
