package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import io.github.rbd4j.internal.WritePipeline.Zeros;
import java.io.IOException;

/** Reads the bytes of an image and nothing else. */
final class RawImport {
  private final Image image;
  private final TransferOptions options;
  private final Meter meter;

  RawImport(Image image, TransferOptions options, Meter meter) {
    this.image = image;
    this.options = options;
    this.meter = meter;
  }

  /** From a stream of which the size is known, from an offset on. */
  void known(StreamInput in, long offset, long size, Zeros zeros) throws IOException {
    long end = copy(in, offset, size, zeros);
    if (end < size) {
      throw in.malformed("it has " + end + " bytes instead of " + size);
    }
  }

  /** From a stream of which nobody knows how long it is, into a new image that grows with it. */
  void unknown(StreamInput in) throws IOException {
    long end = copy(in, 0, Long.MAX_VALUE, Zeros.NOTHING);
    image.resize(end, true);
  }

  private long copy(StreamInput in, long offset, long limit, Zeros zeros) throws IOException {
    try (WritePipeline pipeline =
        new WritePipeline(image, options.parallelism(), zeros, options.sparseSize())) {
      long at = offset;
      boolean more = true;
      while (more && at < limit) {
        long part = Math.min(TransferBlocks.SIZE - at % TransferBlocks.SIZE, limit - at);
        long count = in.dataUpTo(pipeline.block().asSlice(0, part));
        more = count == part;
        grow(at + count);
        pipeline.write(at, count);
        at += count;
        meter.addData(count);
        meter.at(offset + pipeline.completed());
      }
      pipeline.drain();
      meter.at(at);
      return at;
    }
  }

  /** Makes the image large enough, by doubling, so that this does not happen often. */
  private void grow(long needed) {
    long size = image.size();
    if (needed > size) {
      image.resize(Math.max(needed, Math.min(2 * size, Long.MAX_VALUE / 2)), false);
    }
  }
}
