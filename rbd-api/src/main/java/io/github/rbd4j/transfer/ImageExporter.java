package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Preview;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.internal.UserSnapshots;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes images in the formats of the {@code rbd} program. The image is opened for reading only, so
 * that what another handle holds in its cache must be flushed before. An image that is written
 * meanwhile gives a file that never was its content at one time: export a snapshot.
 *
 * <p>A file is created, must not exist before, and is removed if it cannot be finished. It is not
 * forced to its disk: do that before you give up what it replaces. A channel is written from its
 * position on and stays open; for standard output or a pipe of another process use {@code
 * Channels.newChannel}.
 */
@Preview
public final class ImageExporter {
  private final Rbd rbd;
  private final TransferOptions options;

  /**
   * Exports with {@link TransferOptions#defaults}.
   *
   * @param rbd the pool of the images
   */
  public ImageExporter(Rbd rbd) {
    this(rbd, TransferOptions.defaults());
  }

  /**
   * Exports.
   *
   * @param rbd the pool of the images
   * @param options how
   */
  public ImageExporter(Rbd rbd, TransferOptions options) {
    this.rbd = Objects.requireNonNull(rbd, "rbd");
    this.options = Objects.requireNonNull(options, "options");
  }

  private Image open(String image, @Nullable String snapshot) {
    return rbd.open(image, new OpenOptions(true, snapshot));
  }

  /**
   * Writes the bytes of an image into a file, as {@code rbd export} does. Holes stay holes.
   *
   * @param image the name of the image
   * @param snapshot the name of a snapshot, or null for the image itself
   * @param file the new file
   * @throws IOException if the file cannot be written
   */
  public void raw(String image, @Nullable String snapshot, Path file) throws IOException {
    Objects.requireNonNull(file, "file");
    try (Image source = open(image, snapshot)) {
      ExportFile.create(file, channel -> new RawExport(source, options, 0).toFile(channel));
    }
  }

  /**
   * Goes on with an export into a file that was interrupted, for instance by the end of the
   * process. Of the image itself it must be known that nobody wrote to it meanwhile; a snapshot is
   * safe. The file is not removed if this fails, so that it can be resumed again.
   *
   * <p>After a crash of the machine the file holds what had been forced to its disk, and that is
   * not what {@link TransferProgress#done} says, unless the listener forces the file before it
   * notes how far the export is.
   *
   * @param image the name of the image
   * @param snapshot the name of a snapshot, or null for the image itself
   * @param file the file that was begun
   * @param offset from where on to export: not more than {@link TransferProgress#done} of the
   *     interrupted one
   * @throws IOException if the file cannot be written, or is not there
   * @throws IllegalArgumentException if the offset is not within the image
   */
  public void resumeRaw(String image, @Nullable String snapshot, Path file, long offset)
      throws IOException {
    Objects.requireNonNull(file, "file");
    try (Image source = open(image, snapshot)) {
      if (offset < 0 || offset > source.size()) {
        throw new IllegalArgumentException(
            "offset " + offset + ", image of " + source.size() + " bytes");
      }
      goOn(source, file, offset);
    }
  }

  private void goOn(Image source, Path file, long offset) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      // What lies behind is of no use, and would be taken for data where the image has holes.
      channel.truncate(offset);
      new RawExport(source, options, offset).toFile(channel);
    }
  }

  /**
   * Writes the bytes of an image into a channel, as {@code rbd export IMAGE -} does.
   *
   * @param image the name of the image
   * @param snapshot the name of a snapshot, or null for the image itself
   * @param target the channel, in blocking mode
   * @throws IOException if the channel cannot be written
   */
  public void raw(String image, @Nullable String snapshot, WritableByteChannel target)
      throws IOException {
    Objects.requireNonNull(target, "target");
    try (Image source = open(image, snapshot)) {
      new RawExport(source, options, 0).toStream(new StreamOutput(target));
    }
  }

  /**
   * Writes an image with its snapshots and metadata into a file, as {@code rbd export
   * --export-format 2} does. Snapshots of groups, of mirroring and in the trash are left out: they
   * belong to what is not exported.
   *
   * @param image the name of the image
   * @param file the new file
   * @throws IOException if the file cannot be written
   */
  public void image(String image, Path file) throws IOException {
    ExportFile.create(file, channel -> image(image, channel));
  }

  /**
   * Writes an image with its snapshots and metadata into a channel. See {@link #image(String,
   * Path)}.
   *
   * @param image the name of the image
   * @param target the channel, in blocking mode
   * @throws IOException if the channel cannot be written
   */
  public void image(String image, WritableByteChannel target) throws IOException {
    Objects.requireNonNull(target, "target");
    StreamOutput out = new StreamOutput(target);
    try (Image head = open(image, null)) {
      List<SnapshotInfo> snapshots = UserSnapshots.of(head);
      ImageHeader.of(head, snapshots.size() + 1L).write(out);
      long total = snapshots.stream().mapToLong(SnapshotInfo::size).sum() + head.size();
      Meter meter = Meter.of(options, total);
      DiffExport diffs = new DiffExport(options, out, DiffFormat.V2, meter);
      String from = null;
      for (SnapshotInfo snapshot : snapshots) {
        try (Image at = open(image, snapshot.name())) {
          meter.nextPart(at.size());
          diffs.write(at, from, snapshot.name(), false);
        }
        from = snapshot.name();
      }
      meter.nextPart(head.size());
      diffs.write(head, from, null, false);
    }
  }

  /**
   * Writes what differs into a file, as {@code rbd export-diff} does.
   *
   * @param image the name of the image
   * @param range between which points in time
   * @param file the new file
   * @throws IOException if the file cannot be written
   */
  public void diff(String image, DiffRange range, Path file) throws IOException {
    ExportFile.create(file, channel -> diff(image, range, channel));
  }

  /**
   * Writes what differs into a channel, as {@code rbd export-diff} does.
   *
   * @param image the name of the image
   * @param range between which points in time
   * @param target the channel, in blocking mode
   * @throws IOException if the channel cannot be written
   */
  public void diff(String image, DiffRange range, WritableByteChannel target) throws IOException {
    Objects.requireNonNull(target, "target");
    try (Image source = open(image, range.to())) {
      Meter meter = Meter.of(options, source.size());
      new DiffExport(options, new StreamOutput(target), range.format(), meter)
          .write(source, range.from(), range.to(), range.wholeObjects());
    }
  }
}
