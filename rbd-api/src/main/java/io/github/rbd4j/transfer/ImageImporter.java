package io.github.rbd4j.transfer;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Preview;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NewImage;
import io.github.rbd4j.internal.WritePipeline.Zeros;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * Reads images in the formats of the {@code rbd} program. A channel is read from its position on,
 * no further than the stream goes, and stays open; for standard input or a pipe of another process
 * use {@code Channels.newChannel}.
 *
 * <p>A new image that cannot be finished is removed. The formats have no checksums: that a stream
 * has the right structure does not prove that its data is right.
 */
@Preview
public final class ImageImporter {
  private final Rbd rbd;
  private final TransferOptions options;

  /**
   * Imports with {@link TransferOptions#defaults}.
   *
   * @param rbd the pool of the images
   */
  public ImageImporter(Rbd rbd) {
    this(rbd, TransferOptions.defaults());
  }

  /**
   * Imports.
   *
   * @param rbd the pool of the images
   * @param options how
   */
  public ImageImporter(Rbd rbd, TransferOptions options) {
    this.rbd = Objects.requireNonNull(rbd, "rbd");
    this.options = Objects.requireNonNull(options, "options");
  }

  /**
   * Makes a new image of the bytes of a file, as {@code rbd import} does. Zeros become holes.
   *
   * @param file the file
   * @param name the name of the new image
   * @param imageOptions how the image shall be
   * @throws IOException if the file cannot be read
   * @throws io.github.rbd4j.ImageExistsException if there is an image of that name
   */
  public void raw(Path file, String name, ImageOptions imageOptions) throws IOException {
    NativeStrings.requireName(name, "name");
    Objects.requireNonNull(imageOptions, "imageOptions");
    try (FileChannel source = FileChannel.open(file)) {
      if (!Files.isRegularFile(file)) {
        raw(source, name, imageOptions);
        return;
      }
      long size = source.size();
      NewImage.create(
          rbd,
          name,
          size,
          imageOptions,
          image ->
              new RawImport(image, options, Meter.of(options, size))
                  .known(new StreamInput(source), size));
    }
  }

  /**
   * Makes a new image of all bytes that a channel gives, as {@code rbd import -} does. Zeros become
   * holes. A channel that gives more than {@link TransferOptions#maxSize} is refused there, so that
   * one without an end does not make an image without an end.
   *
   * @param source the channel, in blocking mode
   * @param name the name of the new image
   * @param imageOptions how the image shall be
   * @throws MalformedStreamException if the channel gives more than the {@code maxSize}
   * @throws IOException if the channel cannot be read
   * @throws io.github.rbd4j.ImageExistsException if there is an image of that name
   */
  public void raw(ReadableByteChannel source, String name, ImageOptions imageOptions)
      throws IOException {
    NativeStrings.requireName(name, "name");
    Objects.requireNonNull(imageOptions, "imageOptions");
    StreamInput in = new StreamInput(source);
    NewImage.create(
        rbd,
        name,
        0,
        imageOptions,
        image -> new RawImport(image, options, Meter.ofUnknown(options)).unknown(in));
  }

  /**
   * Writes the bytes of a file over an image, from an offset on. The image stays as it is if this
   * fails, so that it can be resumed: for an import that must survive a crash create the image,
   * begin here with offset 0, and go on from the last {@link TransferProgress#done}. Whenever as
   * many blocks were written as may be under way, they are flushed; only what was flushed is
   * reported as done.
   *
   * @param file the file, as large as the image
   * @param name the name of the image
   * @param offset from where on
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if file and image differ in size, or the offset is not within
   */
  public void resumeRaw(Path file, String name, long offset) throws IOException {
    NativeStrings.requireName(name, "name");
    try (FileChannel source = FileChannel.open(file);
        Image image = rbd.open(name)) {
      long size = image.size();
      if (source.size() != size || offset < 0 || offset > size) {
        throw new IllegalArgumentException(
            "offset " + offset + ", file of " + source.size() + " bytes, image of " + size);
      }
      source.position(offset);
      new RawImport(image, options, Meter.resumed(options, offset, size))
          .over(new StreamInput(source), offset, size);
    }
  }

  /**
   * Makes a new image with snapshots and metadata of a file, as {@code rbd import --export-format
   * 2} does.
   *
   * @param file the file
   * @param name the name of the new image
   * @param imageOptions how the image shall be where it shall not be as it was
   * @throws MalformedStreamException if the file is not such an export, or something follows it
   * @throws IOException if the file cannot be read
   * @throws io.github.rbd4j.ImageExistsException if there is an image of that name
   */
  public void image(Path file, String name, ImageOptions imageOptions) throws IOException {
    NativeStrings.requireName(name, "name");
    Objects.requireNonNull(imageOptions, "imageOptions");
    try (FileChannel source = FileChannel.open(file)) {
      StreamInput in = new StreamInput(source);
      ImageHeader header = ImageHeader.read(in);
      create(
          header,
          name,
          imageOptions,
          image -> {
            fill(image, header, in);
            in.expectEnd();
          });
    }
  }

  /**
   * Makes a new image with snapshots and metadata of what a channel gives. See {@link #image(Path,
   * String, ImageOptions)}.
   *
   * @param source the channel, in blocking mode
   * @param name the name of the new image
   * @param imageOptions how the image shall be where it shall not be as it was
   * @throws MalformedStreamException if the stream is not such an export
   * @throws IOException if the channel cannot be read
   * @throws io.github.rbd4j.ImageExistsException if there is an image of that name
   */
  public void image(ReadableByteChannel source, String name, ImageOptions imageOptions)
      throws IOException {
    NativeStrings.requireName(name, "name");
    Objects.requireNonNull(imageOptions, "imageOptions");
    StreamInput in = new StreamInput(source);
    ImageHeader header = ImageHeader.read(in);
    create(header, name, imageOptions, image -> fill(image, header, in));
  }

  private void create(
      ImageHeader header, String name, ImageOptions imageOptions, NewImage.Content content)
      throws IOException {
    ImageOptions merged = imageOptions.copy();
    header.applyTo(merged);
    NewImage.create(rbd, name, 0, merged, content);
  }

  private void fill(Image image, ImageHeader header, StreamInput in) throws IOException {
    header.metadata().forEach(image::setMetadata);
    Meter meter = Meter.ofUnknown(options);
    DiffImport diffs = new DiffImport(image, options, meter);
    for (long i = 0; i < header.diffs(); i++) {
      long start = in.position();
      DiffReader reader = DiffReader.inImage(in);
      requireSound(reader.header(), start, image);
      diffs.requirePossible(reader);
      if (i == header.diffs() - 1) {
        meter.lastPart(reader.header().size());
      } else {
        meter.nextPart(reader.header().size());
      }
      diffs.apply(reader, i == 0 ? Zeros.NOTHING : Zeros.HOLES);
    }
  }

  /** Within one file it is the fault of the file if its parts do not fit together. */
  private static void requireSound(DiffHeader header, long start, Image image)
      throws MalformedStreamException {
    if (header.fromSnapshot() != null && !image.snapshot(header.fromSnapshot()).exists()) {
      throw new MalformedStreamException(
          start, "it builds on the snapshot " + header.fromSnapshot() + ", which is not in it");
    }
    if (header.toSnapshot() != null && image.snapshot(header.toSnapshot()).exists()) {
      throw new MalformedStreamException(
          start, "it has the snapshot " + header.toSnapshot() + " twice");
    }
  }

  /**
   * Applies a difference to an image and takes the snapshot to which it leads, as {@code rbd
   * import-diff} does, for both versions of the format. The whole file is looked through first, so
   * that a file that is not sound changes nothing. See {@link #diff(ReadableByteChannel, String)}
   * for what the image must be.
   *
   * @param file the file
   * @param name the name of the image
   * @return what the difference was
   * @throws MalformedStreamException if the file is not such a difference, or something follows it
   * @throws IOException if the file cannot be read, or the image was written since the snapshot on
   *     which the difference builds; the image is as it was
   * @throws io.github.rbd4j.SnapshotNotFoundException if the image lacks the snapshot on which the
   *     difference builds
   * @throws io.github.rbd4j.SnapshotExistsException if it has the one to which it leads
   */
  public DiffHeader diff(Path file, String name) throws IOException {
    NativeStrings.requireName(name, "name");
    try (FileChannel source = FileChannel.open(file)) {
      if (!Files.isRegularFile(file)) {
        return diff(source, name);
      }
      StreamInput in = StreamInput.ofFile(source);
      DiffReader scan = new DiffReader(in);
      while (scan.next() != null) {
        // Reading it is what checks it.
      }
      in.expectEnd();
      return diff(source.position(0), name);
    }
  }

  /**
   * Applies a difference to an image, as {@code rbd import-diff - IMAGE} does. Other than the
   * program this refuses an image that was written since the snapshot on which the difference
   * builds: the result would be neither what it was nor what it should be. To have such changes
   * overwritten, roll the image back first.
   *
   * <p>If the stream turns out not to be sound, or anything else fails, the image is rolled back to
   * that snapshot; nobody else may write to it meanwhile. For a difference that builds on none one
   * is taken, and removed at the end; its name begins with {@code rbd4j-import-}.
   *
   * @param source the channel, in blocking mode
   * @param name the name of the image
   * @return what the difference was
   * @throws MalformedStreamException if the stream is not such a difference
   * @throws IOException if the channel cannot be read, or the image was written since the snapshot
   *     on which the difference builds; the image is as it was
   * @throws io.github.rbd4j.SnapshotNotFoundException if the image lacks the snapshot on which the
   *     difference builds
   * @throws io.github.rbd4j.SnapshotExistsException if it has the one to which it leads
   */
  public DiffHeader diff(ReadableByteChannel source, String name) throws IOException {
    NativeStrings.requireName(name, "name");
    DiffReader reader = new DiffReader(new StreamInput(source));
    DiffHeader header = reader.header();
    try (Image image = rbd.open(name)) {
      DiffImport diffs = new DiffImport(image, options, Meter.of(options, header.size()));
      diffs.requirePossible(reader);
      diffs.requireFits(header);
      if (header.fromSnapshot() != null) {
        new Comparison(options).requireUnchangedSince(header.fromSnapshot(), image, rbd, name);
      }
      Snapshot mark = header.fromSnapshot() == null ? mark(image) : null;
      try {
        diffs.apply(reader, Zeros.HOLES);
        image.flush();
      } catch (Throwable failure) {
        RollBack.to(image, mark == null ? header.fromSnapshot() : mark.name(), failure);
        RollBack.remove(diffs.taken(), failure);
        RollBack.remove(mark, failure);
        throw failure;
      }
      if (mark != null) {
        mark.remove();
      }
    }
    return header;
  }

  /** A snapshot to go back to. */
  private static Snapshot mark(Image image) {
    String name = "rbd4j-import-" + UUID.randomUUID();
    return image.createSnapshot(
        name, Set.of(SnapshotCreateFlag.SKIP_QUIESCE), ProgressListener.NONE);
  }
}
