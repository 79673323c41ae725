package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.Image;
import io.github.rbd4j.RbdFailure;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.TransferBlocks;
import io.github.rbd4j.internal.WritePipeline;
import io.github.rbd4j.internal.WritePipeline.Zeros;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Applies differences to an image. The image grows only as far as data comes: a stream that claims
 * a size that it does not have must not leave millions of objects to be looked for.
 */
final class DiffImport {
  /** What an object map can hold, and so the most that librbd can deal with in a sensible time. */
  private static final long MAX_OBJECTS = 256_000_000;

  private final Image image;
  private final TransferOptions options;
  private final Meter meter;
  private @Nullable Snapshot taken;

  DiffImport(Image image, TransferOptions options, Meter meter) {
    this.image = image;
    this.options = options;
    this.meter = meter;
  }

  /** Checks that an image can have the size of a difference. */
  void requirePossible(DiffReader reader) throws MalformedStreamException {
    long size = reader.header().size();
    if (size > options.maxSize()) {
      throw reader.malformed(
          "a size of " + size + " bytes, more than the maxSize of " + options.maxSize());
    }
    if (size / image.info().objectSize() >= MAX_OBJECTS) {
      throw reader.malformed("a size of " + size + " bytes makes too many objects");
    }
  }

  /** Checks that a difference can be applied: it builds on a snapshot and leads to a new one. */
  void requireFits(DiffHeader header) {
    if (header.fromSnapshot() != null && !image.snapshot(header.fromSnapshot()).exists()) {
      throw new SnapshotNotFoundException(
          failure("import a difference that builds on", header.fromSnapshot(), Errno.ENOENT));
    }
    if (header.toSnapshot() != null && image.snapshot(header.toSnapshot()).exists()) {
      throw new SnapshotExistsException(
          failure("import a difference that leads to", header.toSnapshot(), Errno.EEXIST));
    }
  }

  private RbdFailure failure(String operation, String snapshot, Errno errno) {
    return new RbdFailure(
        operation, "snapshot " + image.name() + "@" + snapshot, errno.code(), null);
  }

  /**
   * Applies a difference whose header was checked, and takes the snapshot to which it leads.
   *
   * @param zeros what becomes of zeros: nothing in an image that has no data yet
   */
  void apply(DiffReader reader, Zeros zeros) throws IOException {
    DiffHeader header = reader.header();
    if (image.size() > header.size()) {
      image.resize(header.size(), true);
    }
    try (WritePipeline pipeline =
        new WritePipeline(image, options.parallelism(), zeros, options.sparseSize())) {
      long end = 0;
      for (DiffExtent extent = reader.next(); extent != null; extent = reader.next()) {
        if (extent.offset() < end) {
          // It may overlap what is under way, and cover data of this very difference.
          pipeline.drain();
          pipeline.zeros(Zeros.HOLES);
        }
        end = Math.max(end, extent.offset() + extent.length());
        grow(extent.offset() + extent.length(), header.size());
        write(reader, extent, pipeline);
        meter.at(end);
      }
      pipeline.drain();
    }
    grow(header.size(), header.size());
    meter.at(header.size());
    takeSnapshot(header);
  }

  /** Makes the image large enough, by doubling, so that this does not happen often. */
  private void grow(long needed, long most) {
    long size = image.size();
    if (needed > size) {
      image.resize(Math.max(needed, Math.min(2 * size, most)), false);
    }
  }

  private void write(DiffReader reader, DiffExtent extent, WritePipeline pipeline)
      throws IOException {
    if (!extent.exists()) {
      pipeline.zero(extent.offset(), extent.length());
      return;
    }
    long end = extent.offset() + extent.length();
    for (long at = extent.offset(); at < end; ) {
      long part = Math.min(TransferBlocks.SIZE - at % TransferBlocks.SIZE, end - at);
      reader.data(pipeline.block().asSlice(0, part));
      meter.addData(pipeline.write(at, part));
      at += part;
    }
  }

  private void takeSnapshot(DiffHeader header) {
    if (header.toSnapshot() != null) {
      Snapshot snapshot = image.createSnapshot(header.toSnapshot());
      taken = snapshot;
      if (header.isProtected()) {
        snapshot.protect();
      }
    }
  }

  /** The snapshot that was taken last, if any was. */
  @Nullable Snapshot taken() {
    return taken;
  }
}
