package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Preview;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdFailure;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NewImage;
import io.github.rbd4j.internal.ReadPipeline;
import io.github.rbd4j.internal.UserSnapshots;
import io.github.rbd4j.internal.WritePipeline;
import io.github.rbd4j.internal.WritePipeline.Zeros;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Copies images from one pool to another, which may be in another cluster: all data at first, and
 * from then on what changed since the last snapshot that was copied. Every block that was copied is
 * read back and compared by its checksum before the copy counts. A copy that fails leaves the
 * target as it was, so that it can simply be tried again; nobody else may write to the target
 * meanwhile.
 *
 * <p>Properties, features and metadata are copied with the image, when there is no target yet. What
 * changes of them later stays in the source, and so does the protection of snapshots.
 */
@Preview
public final class ImageCopier {
  private final Rbd source;
  private final Rbd target;
  private final TransferOptions options;

  /**
   * What was copied.
   *
   * @param fromSnapshot the snapshot on which the copy built, or null if everything was copied
   * @param toSnapshot the snapshot that was copied
   * @param dataBytes how many bytes of data, without holes
   */
  public record Result(@Nullable String fromSnapshot, String toSnapshot, long dataBytes) {}

  /**
   * Copies with {@link TransferOptions#defaults}.
   *
   * @param source where from
   * @param target where to
   */
  public ImageCopier(Rbd source, Rbd target) {
    this(source, target, TransferOptions.defaults());
  }

  /**
   * Copies.
   *
   * @param source where from
   * @param target where to
   * @param options how
   */
  public ImageCopier(Rbd source, Rbd target, TransferOptions options) {
    this.source = Objects.requireNonNull(source, "source");
    this.target = Objects.requireNonNull(target, "target");
    this.options = Objects.requireNonNull(options, "options");
  }

  /**
   * Copies a snapshot, and takes one of the same name of the copy. If the target image is not there
   * it is created with the properties and the metadata of the source. Otherwise what changed since
   * the newest snapshot that both have is copied.
   *
   * @param image the name of the image
   * @param copy the name of the target image
   * @param snapshot the name of the snapshot
   * @return what was copied
   * @throws ChecksumMismatchException if what was read back is not what was copied
   * @throws IOException if the target image has no snapshot in common with the source, or was
   *     written since; the target is as it was
   * @throws io.github.rbd4j.ImageNotFoundException if there is no such image or snapshot
   * @throws SnapshotExistsException if the target has it already
   */
  public Result copy(String image, String copy, String snapshot) throws IOException {
    NativeStrings.requireName(copy, "copy");
    try (Image from = source.open(image, OpenOptions.at(snapshot))) {
      return target.exists(copy)
          ? copyChanges(from, copy, snapshot)
          : copyAll(from, copy, snapshot);
    }
  }

  private Result copyAll(Image from, String copy, String snapshot) throws IOException {
    Checksums sums = new Checksums();
    ImageHeader header = ImageHeader.of(from, 0);
    long[] bytes = new long[1];
    ImageOptions imageOptions = new ImageOptions();
    header.applyTo(imageOptions);
    NewImage.create(
        target,
        copy,
        from.size(),
        imageOptions,
        to -> {
          header.metadata().forEach(to::setMetadata);
          DiffOptions all = DiffOptions.sinceBeginning();
          bytes[0] = write(from, all, to, sums);
          to.createSnapshot(snapshot);
          verify(from, all, copy, snapshot, sums);
        });
    return new Result(null, snapshot, bytes[0]);
  }

  private Result copyChanges(Image from, String copy, String snapshot) throws IOException {
    try (Image to = target.open(copy)) {
      if (to.snapshot(snapshot).exists()) {
        throw new SnapshotExistsException(
            new RbdFailure(
                "copy to", "snapshot " + copy + "@" + snapshot, Errno.EEXIST.code(), null));
      }
      String base = newestCommon(from, to, copy, snapshot);
      new Comparison(options).requireUnchangedSince(base, to, target, copy);
      Checksums sums = new Checksums();
      DiffOptions changes = DiffOptions.since(base);
      Snapshot taken = null;
      try {
        if (to.size() != from.size()) {
          to.resize(from.size(), true);
        }
        long bytes = write(from, changes, to, sums);
        taken = to.createSnapshot(snapshot);
        verify(from, changes, copy, snapshot, sums);
        return new Result(base, snapshot, bytes);
      } catch (Throwable failure) {
        RollBack.to(to, base, failure);
        RollBack.remove(taken, failure);
        throw failure;
      }
    }
  }

  private static String newestCommon(Image from, Image to, String copy, String snapshot)
      throws IOException {
    List<String> have = UserSnapshots.of(to).stream().map(SnapshotInfo::name).toList();
    String common = null;
    for (SnapshotInfo info : UserSnapshots.of(from)) {
      if (info.name().equals(snapshot)) {
        break;
      }
      if (have.contains(info.name())) {
        common = info.name();
      }
    }
    if (common == null) {
      throw new IOException(
          "image " + copy + " has no snapshot in common with its source before " + snapshot);
    }
    return common;
  }

  private long write(Image from, DiffOptions diff, Image to, Checksums sums) throws IOException {
    Meter meter = Meter.of(options, from.size());
    Zeros zeros = diff.fromSnapshot() == null ? Zeros.NOTHING : Zeros.HOLES;
    long[] bytes = new long[1];
    try (WritePipeline pipeline =
        new WritePipeline(to, options.parallelism(), zeros, options.sparseSize())) {
      Extents.read(
          from,
          diff,
          options,
          pieces -> {
            for (var piece = pieces.next(); piece != null; piece = pieces.next()) {
              sums.add(piece);
              write(piece, pipeline);
              if (piece.data() != null) {
                bytes[0] += piece.length();
                meter.addData(piece.length());
              }
              meter.at(piece.offset() + piece.length());
            }
          });
      pipeline.drain();
    }
    meter.at(from.size());
    return bytes[0];
  }

  private static void write(ReadPipeline.Piece piece, WritePipeline pipeline) throws IOException {
    MemorySegment data = piece.data();
    if (data == null) {
      pipeline.zero(piece.offset(), piece.length());
    } else {
      MemorySegment.copy(data, 0, pipeline.block(), 0, data.byteSize());
      pipeline.write(piece.offset(), data.byteSize());
    }
  }

  /** Reads back from the snapshot that was taken what was copied. */
  private void verify(Image from, DiffOptions diff, String copy, String snapshot, Checksums sums)
      throws IOException {
    try (Image taken = target.open(copy, OpenOptions.at(snapshot));
        Stream<DiffExtent> extents = from.diffStream(diff)) {
      sums.verify(taken, extents, options);
    }
  }

  /**
   * Compares all of a snapshot with its copy, block by block. The listener is told.
   *
   * @param image the name of the image
   * @param copy the name of the target image
   * @param snapshot the name of the snapshot, which both have
   * @throws ChecksumMismatchException if they differ
   * @throws IOException if reading fails
   */
  public void verify(String image, String copy, String snapshot) throws IOException {
    NativeStrings.requireName(copy, "copy");
    try (Image from = source.open(image, OpenOptions.at(snapshot));
        Image to = target.open(copy, OpenOptions.at(snapshot))) {
      long size = from.size();
      if (to.size() != size) {
        throw new ChecksumMismatchException(
            to.toString(), Math.min(size, to.size()), Math.abs(size - to.size()));
      }
      List<DiffExtent> all = size == 0 ? List.of() : List.of(new DiffExtent(0, size, true));
      Meter meter = Meter.of(options, size);
      DiffExtent difference =
          new Comparison(options)
              .firstDifference(
                  from,
                  to,
                  all,
                  piece -> {
                    meter.addData(piece.length());
                    meter.at(piece.offset() + piece.length());
                  });
      if (difference != null) {
        throw new ChecksumMismatchException(
            to.toString(), difference.offset(), difference.length());
      }
    }
  }
}
