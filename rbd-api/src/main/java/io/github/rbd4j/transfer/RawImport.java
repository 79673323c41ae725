package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import io.github.rbd4j.internal.WritePipeline.Zeros;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

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

  /** From a stream of which the size is known, into a new image of that size. */
  void known(StreamInput in, long size) throws IOException {
    requireWhole(in, copy(in, 0, size, Zeros.NOTHING, false), size);
  }

  /** From an offset on over an image that has data; what is reported as done was flushed. */
  void over(StreamInput in, long offset, long size) throws IOException {
    requireWhole(in, copy(in, offset, size, Zeros.HOLES, true), size);
  }

  private static void requireWhole(StreamInput in, long end, long size) throws IOException {
    if (end < size) {
      throw in.malformed("it has " + end + " bytes instead of " + size);
    }
  }

  /** From a stream of which nobody knows how long it is, into a new image that grows with it. */
  void unknown(StreamInput in) throws IOException {
    long end = copy(in, 0, Long.MAX_VALUE, Zeros.NOTHING, false);
    image.resize(end, true);
  }

  private long copy(StreamInput in, long offset, long limit, Zeros zeros, boolean flushed)
      throws IOException {
    try (WritePipeline pipeline =
        new WritePipeline(image, options.parallelism(), zeros, options.sparseSize())) {
      long at = offset;
      long done = offset;
      boolean more = true;
      for (long blocks = 1; more && at < limit; blocks++) {
        long part = Math.min(TransferBlocks.SIZE - at % TransferBlocks.SIZE, limit - at);
        MemorySegment block = pipeline.block();
        long count = in.dataUpTo(block.asSlice(0, part));
        more = count == part;
        grow(at + count, in);
        meter.addData(pipeline.write(at, count));
        at += count;
        if (!flushed) {
          done = offset + pipeline.completed();
        } else if (blocks % options.parallelism() == 0) {
          flush(pipeline);
          done = at;
        }
        meter.at(done);
      }
      flush(pipeline);
      meter.at(at);
      return at;
    }
  }

  private void flush(WritePipeline pipeline) throws IOException {
    pipeline.drain();
    image.flush();
  }

  /** Makes the image large enough, by doubling, so that this does not happen often. */
  private void grow(long needed, StreamInput in) throws MalformedStreamException {
    long size = image.size();
    if (needed <= size) {
      return;
    }
    long most = options.maxSize();
    if (needed > most) {
      throw in.malformed("more than the maxSize of " + most + " bytes");
    }
    image.resize(Math.max(needed, 2 * Math.min(size, most / 2)), false);
  }
}
