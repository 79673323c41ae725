package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.ReadPipeline;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Compares two images by reading both. */
final class Comparison {
  /** How many extents are looked at together, so that the memory for them has a bound. */
  private static final int WINDOW = 4096;

  private final int depth;

  Comparison(TransferOptions options) {
    this.depth = options.parallelism();
  }

  /** Reads some ranges of both and returns the first piece in which they differ. */
  @Nullable DiffExtent firstDifference(
      Image one, Image two, List<DiffExtent> ranges, Consumer<ReadPipeline.Piece> listener)
      throws IOException {
    try (ReadPipeline ones = new ReadPipeline(one, depth, ranges.iterator());
        ReadPipeline twos = new ReadPipeline(two, depth, ranges.iterator())) {
      for (var a = ones.next(); a != null; a = ones.next()) {
        MemorySegment expected = Objects.requireNonNull(a.data());
        var b = Objects.requireNonNull(twos.next());
        if (expected.mismatch(Objects.requireNonNull(b.data())) >= 0) {
          return new DiffExtent(a.offset(), a.length(), true);
        }
        listener.accept(a);
      }
      return null;
    }
  }

  /**
   * Checks that an image is what it was when a snapshot was taken. A rollback also shows in the
   * difference, so that what differs is looked at.
   *
   * @param rbd the pool of the image
   * @param name its name there
   */
  void requireUnchangedSince(String base, Image image, Rbd rbd, String name) throws IOException {
    try (Image then = rbd.open(name, OpenOptions.at(base))) {
      if (image.size() != then.size() || isChangedSince(base, image, then)) {
        throw new IOException(
            "image " + name + " was changed since its snapshot " + base + ": roll it back first");
      }
    }
  }

  private boolean isChangedSince(String base, Image image, Image then) throws IOException {
    try (Stream<DiffExtent> changes = image.diffStream(DiffOptions.since(base))) {
      Iterator<List<DiffExtent>> windows =
          changes
              .map(extent -> new DiffExtent(extent.offset(), extent.length(), true))
              .gather(Gatherers.windowFixed(WINDOW))
              .iterator();
      while (windows.hasNext()) {
        if (firstDifference(then, image, windows.next(), _ -> {}) != null) {
          return true;
        }
      }
      return false;
    }
  }
}
