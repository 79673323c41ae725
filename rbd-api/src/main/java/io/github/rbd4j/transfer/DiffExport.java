package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.internal.ZeroRuns;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Writes what differs between two points in time. */
final class DiffExport {
  private final TransferOptions options;
  private final StreamOutput out;
  private final DiffFormat format;
  private final Meter meter;

  DiffExport(TransferOptions options, StreamOutput out, DiffFormat format, Meter meter) {
    this.options = options;
    this.out = out;
    this.format = format;
    this.meter = meter;
  }

  /**
   * Writes one difference.
   *
   * @param image open at the later point in time
   * @param from the earlier snapshot, or null for the beginning
   * @param to the name of the later snapshot, or null for the image itself
   */
  void write(Image image, @Nullable String from, @Nullable String to, boolean wholeObjects)
      throws IOException {
    long size = image.size();
    boolean isProtected = to != null && format == DiffFormat.V2 && image.snapshot(to).isProtected();
    DiffWriter writer = new DiffWriter(out, format, new DiffHeader(from, to, isProtected, size));
    DiffOptions diff = from == null ? DiffOptions.sinceBeginning() : DiffOptions.since(from);
    Extents.read(
        image,
        diff.wholeObject(wholeObjects),
        options,
        pieces -> {
          for (var piece = pieces.next(); piece != null; piece = pieces.next()) {
            MemorySegment data = piece.data();
            if (data == null || ZeroRuns.isZero(data)) {
              writer.zero(piece.offset(), piece.length());
            } else {
              writer.write(piece.offset(), piece.length());
              writer.data(data);
              meter.addData(piece.length());
            }
            meter.at(piece.offset() + piece.length());
          }
        });
    writer.end();
    meter.at(size);
  }
}
