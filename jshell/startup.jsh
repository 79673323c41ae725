// What bin/jshell runs before its first prompt: a connected cluster, a pool, and helpers that print.
import io.github.rbd4j.*;
import io.github.rbd4j.encryption.*;
import io.github.rbd4j.group.*;
import io.github.rbd4j.mirror.*;
import io.github.rbd4j.nio.*;
import io.github.rbd4j.rados.*;
import io.github.rbd4j.transfer.*;
import java.lang.foreign.*;
import java.nio.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.*;
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

Cluster cluster = Cluster.builder().confFile(Path.of(System.getProperty("rbd4j.shell.conf"))).connect();
IoContext io = cluster.ioContext(System.getProperty("rbd4j.shell.pool"));
Rbd rbd = new Rbd(io);

/** A size as people read it. */
String size(long bytes) {
  String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = bytes;
  int unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  String text = String.format(Locale.ROOT, "%.1f", value);
  return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + " " + units[unit];
}

/** Prints rows below each other; the first one is the heading. */
void table(List<List<String>> rows) {
  int[] widths = new int[rows.getFirst().size()];
  for (List<String> row : rows) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], row.get(i).length());
    }
  }
  for (List<String> row : rows) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      line.append(String.format("%-" + widths[i] + "s  ", row.get(i)));
    }
    System.out.println(line.toString().stripTrailing());
  }
}

/** Prints the images of the pool. */
void images() {
  List<List<String>> rows = new ArrayList<>();
  rows.add(List.of("NAME", "SIZE", "SNAPSHOTS", "FEATURES"));
  for (ImageSpec spec : rbd.list()) {
    try (Image image = rbd.openReadOnly(spec.name())) {
      rows.add(
          List.of(
              spec.name(),
              size(image.size()),
              String.valueOf(image.snapshots().size()),
              image.features().stream().map(Object::toString).sorted().collect(Collectors.joining(","))));
    }
  }
  table(rows);
}

/** Prints the snapshots of an image. */
void snapshots(String name) {
  List<List<String>> rows = new ArrayList<>();
  rows.add(List.of("ID", "NAME", "SIZE", "PROTECTED"));
  try (Image image = rbd.openReadOnly(name)) {
    for (SnapshotInfo snapshot : image.snapshots()) {
      rows.add(
          List.of(
              String.valueOf(snapshot.id()),
              snapshot.name(),
              size(snapshot.size()),
              image.snapshot(snapshot.name()).isProtected() ? "yes" : "no"));
    }
  }
  table(rows);
}

/** Prints what changed in an image since a snapshot. */
void diff(String name, String since) {
  List<List<String>> rows = new ArrayList<>();
  rows.add(List.of("OFFSET", "LENGTH", "CONTENT"));
  try (Image image = rbd.openReadOnly(name)) {
    for (DiffExtent extent : image.diff(DiffOptions.since(since))) {
      rows.add(
          List.of(
              String.valueOf(extent.offset()),
              String.valueOf(extent.length()),
              extent.exists() ? "data" : "zeros"));
    }
  }
  table(rows);
}

/** A bar that an operation of librbd moves, or a transfer. */
class Bar implements ProgressListener, TransferListener {
  private int shown;

  @Override
  public void onProgress(long done, long total) {
    show(total == 0 ? 0 : (int) (100 * done / total));
  }

  @Override
  public void onProgress(TransferProgress progress) {
    onProgress(progress.done(), progress.total());
  }

  synchronized void show(int percent) {
    shown = Math.max(shown, percent);
    String full = "#".repeat(shown / 5);
    System.out.printf("\r[%s%s] %3d %%", full, ".".repeat(20 - full.length()), shown);
  }
}

interface WithBar {
  void run(Bar bar) throws Exception;
}

/** Runs an operation that takes a listener and shows its progress: bar(it -> image.flatten(it)). */
void bar(WithBar operation) throws Exception {
  Bar bar = new Bar();
  operation.run(bar);
  // librbd does not report the last step of every operation.
  bar.show(100);
  System.out.println();
}

System.out.println("cluster, io and rbd are there. images(), snapshots(image), diff(image, snapshot), bar(operation), size(bytes)");
