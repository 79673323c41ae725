package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageFlag;
import io.github.rbd4j.internal.ReadPipeline;
import java.io.IOException;
import java.util.stream.Stream;

/** What of an image is to be read. */
final class Extents {
  private Extents() {}

  /** Something done with what is read. */
  @FunctionalInterface
  interface Use {
    void of(ReadPipeline pieces) throws IOException;
  }

  /** Whether librbd knows what differs without looking at each object. */
  static boolean isDiffFast(Image image) {
    return image.features().contains(Feature.FAST_DIFF)
        && !image.flags().contains(ImageFlag.FAST_DIFF_INVALID);
  }

  /**
   * Reads all data from an offset on. What can be left out is left out if that is known at once;
   * otherwise it is quicker to read objects that are not there than to ask for them first.
   */
  static void readFrom(long offset, Image image, TransferOptions options, Use use)
      throws IOException {
    long length = image.size() - offset;
    if (length <= 0) {
      return;
    }
    if (isDiffFast(image)) {
      read(
          image,
          DiffOptions.sinceBeginning().range(offset, length).wholeObject(true),
          options,
          use);
      return;
    }
    var all = Stream.of(new DiffExtent(offset, length, true)).iterator();
    try (ReadPipeline pieces = new ReadPipeline(image, options.parallelism(), all)) {
      use.of(pieces);
    }
  }

  /** Reads what differs. */
  static void read(Image image, DiffOptions diff, TransferOptions options, Use use)
      throws IOException {
    try (Stream<DiffExtent> extents = image.diffStream(diff);
        ReadPipeline pieces = new ReadPipeline(image, options.parallelism(), extents.iterator())) {
      use.of(pieces);
    }
  }
}
