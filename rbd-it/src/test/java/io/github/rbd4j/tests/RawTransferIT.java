package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import io.github.rbd4j.transfer.TransferListener;
import io.github.rbd4j.transfer.TransferOptions;
import io.github.rbd4j.transfer.TransferProgress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Raw exports and imports, against those of the rbd program. */
@CephTest
class RawTransferIT {
  private static final int MIB = 1 << 20;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("raw");
  private final String copy = name + "-copy";
  @TempDir private Path folder;

  RawTransferIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name);
    Sample.remove(rbd, copy);
  }

  private byte[] toolExport(String spec) {
    return ceph.tool("rbd", new byte[0], "export", "--no-progress", spec, "-").output();
  }

  private long used(String image) {
    long used = 0;
    for (var extent : Json.objects(ceph.rbd("diff", "--format", "json", image))) {
      used += "true".equals(extent.get("exists")) ? (Long) extent.get("length") : 0;
    }
    return used;
  }

  @Test
  void filesAndStreamsAreThoseOfTheProgram() throws IOException {
    byte[] data = Sample.create(rbd, name, 1);
    Path file = folder.resolve("raw");
    ImageExporter exporter = new ImageExporter(rbd);
    exporter.raw(name, null, file);
    Bytes.assertEqual(Files.readAllBytes(file), data);
    Bytes.assertEqual(toolExport(name), data);

    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    exporter.raw(name, null, Channels.newChannel(stream));
    Bytes.assertEqual(stream.toByteArray(), data);

    ceph.rbd("import", "--no-progress", file.toString(), copy);
    Bytes.assertEqual(Sample.read(rbd, copy), data);
  }

  @Test
  void withoutFastDiffTheSameComesOut() throws IOException {
    byte[] data = Sample.create(rbd, name, 2);
    try (Image image = rbd.open(name)) {
      image.updateFeatures(Set.of(Feature.OBJECT_MAP, Feature.FAST_DIFF), false);
    }
    Path file = folder.resolve("raw");
    new ImageExporter(rbd).raw(name, null, file);
    Bytes.assertEqual(Files.readAllBytes(file), data);
  }

  @Test
  void holesStayHolesInBothDirections() throws IOException {
    ImageOptions options = new ImageOptions();
    rbd.create(name, 256L * MIB, options);
    try (Image image = rbd.open(name)) {
      image.writeAt(40L * MIB, Bytes.random(MIB, 3));
      image.writeAt(80L * MIB, new byte[4 * MIB]);
    }
    Path file = folder.resolve("sparse");
    new ImageExporter(rbd).raw(name, null, file);
    assertThat(Files.size(file)).isEqualTo(256L * MIB);
    assertThat(allocated(file)).isBetween((long) MIB, 2L * MIB);

    new ImageImporter(rbd).raw(file, copy, options);
    Bytes.assertEqual(
        Bytes.random(MIB, 3), Arrays.copyOfRange(Sample.read(rbd, copy), 40 * MIB, 41 * MIB));
    assertThat(used(copy)).isEqualTo(MIB);
  }

  private static long allocated(Path file) throws IOException {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return Long.parseLong(
            new String(
                    stat.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                .strip())
        * 512;
  }

  @Test
  void aSnapshotIsExportedAsItWas() throws IOException {
    byte[][] history = Sample.createWithHistory(rbd, name, 4);
    Path file = folder.resolve("one");
    new ImageExporter(rbd).raw(name, "one", file);
    Bytes.assertEqual(Files.readAllBytes(file), history[0]);
    Bytes.assertEqual(toolExport(name + "@one"), history[0]);
    new ImageExporter(rbd).raw(name, null, folder.resolve("head"));
    Bytes.assertEqual(Files.readAllBytes(folder.resolve("head")), history[2]);
  }

  @Test
  void aCloneIsExportedWithWhatItSharesWithItsParent() throws IOException {
    byte[] data = Sample.create(rbd, name, 5);
    try (Image image = rbd.open(name)) {
      image.createSnapshot("base").protect();
    }
    ImageOptions options = new ImageOptions();
    rbd.clone(name, "base", rbd, copy, options);
    try (Image clone = rbd.open(copy)) {
      clone.writeAt(0, new byte[] {1, 2, 3});
    }
    data[0] = 1;
    data[1] = 2;
    data[2] = 3;
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    new ImageExporter(rbd).raw(copy, null, Channels.newChannel(stream));
    rbd.remove(copy);
    Bytes.assertEqual(stream.toByteArray(), data);
  }

  @Test
  void filesAndStreamsAreImported() throws IOException {
    byte[] data = Bytes.random(9 * MIB + 5, 6);
    Arrays.fill(data, 2 * MIB, 7 * MIB, (byte) 0);
    Path file = Files.write(folder.resolve("raw"), data);
    ImageImporter importer = new ImageImporter(rbd);
    ImageOptions options = new ImageOptions();
    options.order(21);
    importer.raw(file, name, options);
    Bytes.assertEqual(toolExport(name), data);
    try (Image image = rbd.openReadOnly(name)) {
      assertThat(image.info().order()).isEqualTo(21);
    }
    // A stream tells nobody how long it is, and comes in small pieces.
    importer.raw(Channels.newChannel(trickle(data)), copy, options);
    Bytes.assertEqual(toolExport(copy), data);
    assertThat(used(copy)).isLessThan(6L * MIB);
  }

  private static InputStream trickle(byte[] data) {
    return new ByteArrayInputStream(data) {
      @Override
      public synchronized int read(byte[] target, int start, int length) {
        return super.read(target, start, Math.min(length, 12_345));
      }
    };
  }

  @Test
  void emptyImagesGoThrough() throws IOException {
    rbd.create(name, 0);
    Path file = folder.resolve("empty");
    new ImageExporter(rbd).raw(name, null, file);
    assertThat(Files.size(file)).isZero();
    ImageOptions options = new ImageOptions();
    new ImageImporter(rbd).raw(Channels.newChannel(InputStream.nullInputStream()), copy, options);
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.size()).isZero();
    }
  }

  @Test
  void aPipeCarriesAnImageBetweenTheLibraryAndTheProgram() throws Exception {
    byte[] data = Sample.create(rbd, name, 7);
    ProcessBuilder builder = new ProcessBuilder("rbd", "import", "--no-progress", "-", copy);
    builder.environment().put("CEPH_CONF", ceph.conf().toString());
    Process program = builder.redirectErrorStream(true).start();
    try (OutputStream pipe = program.getOutputStream()) {
      new ImageExporter(rbd).raw(name, null, Channels.newChannel(pipe));
    }
    assertThat(program.waitFor()).isZero();
    Bytes.assertEqual(Sample.read(rbd, copy), data);
    rbd.remove(copy);

    builder = new ProcessBuilder("rbd", "export", "--no-progress", name, "-");
    builder.environment().put("CEPH_CONF", ceph.conf().toString());
    program = builder.start();
    ImageOptions options = new ImageOptions();
    try (InputStream pipe = program.getInputStream()) {
      new ImageImporter(rbd).raw(Channels.newChannel(pipe), copy, options);
    }
    assertThat(program.waitFor()).isZero();
    Bytes.assertEqual(Sample.read(rbd, copy), data);
  }

  @Test
  void progressComesWithRateAndRemainingTime() throws IOException {
    Sample.create(rbd, name, 8);
    List<TransferProgress> steps = new ArrayList<>();
    TransferOptions options = TransferOptions.defaults().listener(steps::add);
    Path file = folder.resolve("raw");
    new ImageExporter(rbd, options).raw(name, null, file);
    assertWent(steps);
    steps.clear();
    ImageOptions imageOptions = new ImageOptions();
    new ImageImporter(rbd, options).raw(file, copy, imageOptions);
    assertWent(steps);
  }

  private static void assertWent(List<TransferProgress> steps) {
    assertThat(steps).extracting(TransferProgress::done).isSorted();
    assertThat(steps).allSatisfy(step -> assertThat(step.total()).isEqualTo(Sample.SIZE));
    TransferProgress last = steps.getLast();
    assertThat(last.done()).isEqualTo(Sample.SIZE);
    assertThat(last.dataBytes()).isBetween(5L * MIB, (long) Sample.SIZE);
    assertThat(last.bytesPerSecond()).isPositive();
    assertThat(last.remaining()).contains(Duration.ZERO);
  }

  @Test
  void whatIsThereAlreadyIsLeftAlone() throws IOException {
    Sample.create(rbd, name, 9);
    Path file = Files.write(folder.resolve("raw"), new byte[] {1});
    assertThatThrownBy(() -> new ImageExporter(rbd).raw(name, null, file))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(Files.readAllBytes(file)).containsExactly(1);
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> new ImageImporter(rbd).raw(file, name, options))
        .isInstanceOf(ImageExistsException.class);
    assertThat(rbd.exists(name)).isTrue();
    assertThatThrownBy(() -> new ImageExporter(rbd).raw("none", null, folder.resolve("none")))
        .isInstanceOf(ImageNotFoundException.class);
    assertThat(Files.exists(folder.resolve("none"))).isFalse();
  }

  /** A listener that cancels once so much is done. */
  private static TransferOptions cancelAt(long offset, AtomicLong done) {
    TransferListener listener =
        progress -> {
          done.set(progress.done());
          if (progress.done() >= offset) {
            throw new CancellationException("enough");
          }
        };
    return TransferOptions.defaults().parallelism(2).listener(listener);
  }

  @Test
  void whatIsCancelledLeavesNothingBehind() throws IOException {
    Sample.create(rbd, name, 10);
    Path file = folder.resolve("raw");
    TransferOptions cancelling = cancelAt(4 * MIB, new AtomicLong());
    assertThatThrownBy(() -> new ImageExporter(rbd, cancelling).raw(name, null, file))
        .isInstanceOf(CancellationException.class);
    assertThat(Files.exists(file)).isFalse();
    new ImageExporter(rbd).raw(name, null, file);
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(() -> new ImageImporter(rbd, cancelling).raw(file, copy, options))
        .isInstanceOf(CancellationException.class);
    assertThat(rbd.exists(copy)).isFalse();
  }

  @Test
  void anInterruptedThreadEndsItsTransfer() throws IOException {
    Sample.create(rbd, name, 11);
    Path file = folder.resolve("raw");
    new ImageExporter(rbd).raw(name, null, file);
    TransferOptions interrupting =
        TransferOptions.defaults().listener(progress -> Thread.currentThread().interrupt());
    ImageOptions options = new ImageOptions();
    try {
      assertThatThrownBy(() -> new ImageImporter(rbd, interrupting).raw(file, copy, options))
          .isInstanceOf(IOException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(rbd.exists(copy)).isFalse();
  }

  @Test
  void aSourceThatFailsLeavesNoImage() {
    InputStream failing =
        new InputStream() {
          private long left = 6L * MIB;

          @Override
          public int read() throws IOException {
            throw new IOException("read error");
          }

          @Override
          public int read(byte[] target, int start, int length) throws IOException {
            if (left <= 0) {
              throw new IOException("read error");
            }
            left -= length;
            return length;
          }
        };
    ImageOptions options = new ImageOptions();
    assertThatThrownBy(
            () -> new ImageImporter(rbd).raw(Channels.newChannel(failing), copy, options))
        .isInstanceOf(IOException.class)
        .hasMessage("read error");
    assertThat(rbd.exists(copy)).isFalse();
  }

  @Test
  void anInterruptedExportGoesOnWhereItWas() throws IOException {
    byte[][] history = Sample.createWithHistory(rbd, name, 12);
    Path file = folder.resolve("raw");
    AtomicLong done = new AtomicLong();
    // As after a crash: the beginning is there, and some of what lies behind.
    Files.write(file, Arrays.copyOf(history[1], 5 * MIB));
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 14L * MIB);
    }
    assertThatThrownBy(
            () ->
                new ImageExporter(rbd, cancelAt(9 * MIB, done))
                    .resumeRaw(name, "two", file, 4L * MIB))
        .isInstanceOf(CancellationException.class);
    assertThat(done.get()).isGreaterThan(4L * MIB);
    new ImageExporter(rbd).resumeRaw(name, "two", file, done.get());
    Bytes.assertEqual(Files.readAllBytes(file), history[1]);
  }

  @Test
  void anInterruptedImportGoesOnWhereItWas() throws IOException {
    byte[] data = Bytes.random(30 * MIB, 13);
    Arrays.fill(data, 11 * MIB, 17 * MIB, (byte) 0);
    Path file = Files.write(folder.resolve("raw"), data);
    rbd.create(copy, data.length);
    try (Image image = rbd.open(copy)) {
      image.writeAt(12L * MIB, Bytes.random(MIB, 14));
    }
    AtomicLong done = new AtomicLong();
    assertThatThrownBy(
            () -> new ImageImporter(rbd, cancelAt(12 * MIB, done)).resumeRaw(file, copy, 0))
        .isInstanceOf(CancellationException.class);
    assertThat(done.get()).isBetween(12L * MIB, 29L * MIB);
    Bytes.assertEqual(
        Arrays.copyOf(Sample.read(rbd, copy), (int) done.get()),
        Arrays.copyOf(data, (int) done.get()));
    new ImageImporter(rbd).resumeRaw(file, copy, done.get());
    Bytes.assertEqual(Sample.read(rbd, copy), data);
    assertThatThrownBy(() -> new ImageImporter(rbd).resumeRaw(file, copy, data.length + 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatAnImportReportsAsDoneWasFlushedBefore() throws Exception {
    byte[] data = Bytes.random(24 * MIB, 15);
    Path file = Files.write(folder.resolve("raw"), data);
    rbd.create(copy, data.length);
    TransferOptions options =
        TransferOptions.defaults()
            .parallelism(2)
            .listener(progress -> new Report(copy, progress).commit());
    List<RecordedEvent> events =
        Recorded.events(folder, () -> new ImageImporter(rbd, options).resumeRaw(file, copy, 0));
    List<RecordedEvent> writes = Recorded.of(events, "Write", copy);
    List<RecordedEvent> flushes = Recorded.of(events, "Flush", copy);
    List<RecordedEvent> reports = Recorded.of(events, "Report", copy);
    assertThat(reports)
        .extracting(report -> report.getLong("done"))
        .contains(8L * MIB, 16L * MIB)
        .endsWith(24L * MIB);
    for (RecordedEvent report : reports) {
      long done = report.getLong("done");
      List<RecordedEvent> covered =
          writes.stream().filter(write -> write.getLong("offset") < done).toList();
      assertThat(done == 0 || flushes.stream().anyMatch(f -> isBetween(covered, f, report)))
          .as("report of " + done)
          .isTrue();
    }
  }

  /** Whether a flush began after some writes were done, and was done before a report. */
  private static boolean isBetween(
      List<RecordedEvent> writes, RecordedEvent flush, RecordedEvent report) {
    return !flush.getEndTime().isAfter(report.getStartTime())
        && writes.stream().noneMatch(write -> write.getEndTime().isAfter(flush.getStartTime()));
  }

  /** Puts the reports between the operations, by the same clock. */
  @Name(Recorded.PREFIX + "Report")
  private static final class Report extends Event {
    @SuppressWarnings("unused") // the recorder reads it
    private final String image;

    @SuppressWarnings("unused")
    private final long done;

    Report(String name, TransferProgress progress) {
      image = "rbd/" + name;
      done = progress.done();
    }
  }

  @Test
  void anExportIsNotResumedBehindTheEnd() throws IOException {
    Sample.create(rbd, name, 16);
    Path file = Files.write(folder.resolve("raw"), new byte[] {1, 2, 3});
    for (long offset : new long[] {-1, Sample.SIZE + 1L, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> new ImageExporter(rbd).resumeRaw(name, null, file, offset))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(Files.readAllBytes(file)).containsExactly(1, 2, 3);
  }

  @Test
  void aResumedTransferTellsWhatIsLeftOfItself() throws IOException {
    byte[] data = Sample.create(rbd, name, 17);
    List<TransferProgress> steps = new ArrayList<>();
    TransferOptions options = TransferOptions.defaults().parallelism(1).listener(steps::add);
    Path file = Files.write(folder.resolve("raw"), data);
    new ImageExporter(rbd, options).resumeRaw(name, null, file, 8L * MIB);
    assertResumed(steps);
    steps.clear();
    new ImageImporter(rbd, options).resumeRaw(file, name, 8L * MIB);
    assertResumed(steps);
    assertThat(steps.getLast().dataBytes()).isLessThan(MIB);
    Bytes.assertEqual(Sample.read(rbd, name), data);
  }

  private static void assertResumed(List<TransferProgress> steps) {
    assertThat(steps).hasSizeGreaterThan(2);
    assertThat(steps)
        .allSatisfy(
            step -> {
              assertThat(step.from()).isEqualTo(8L * MIB);
              assertThat(step.done()).isBetween(8L * MIB, (long) Sample.SIZE);
              assertThat(step.total()).isEqualTo(Sample.SIZE);
            });
    TransferProgress middle =
        steps.stream().filter(step -> step.done() > 8L * MIB).findFirst().orElseThrow();
    double left = (double) (Sample.SIZE - middle.done()) / (middle.done() - 8L * MIB);
    assertThat(middle.remaining().orElseThrow().toNanos())
        .isCloseTo((long) (middle.elapsed().toNanos() * left), withinPercentage(1));
  }

  @Test
  void zerosOfASparseFileAreNoData() throws IOException {
    Path file = folder.resolve("sparse");
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(Bytes.random(8192, 18)), 10L * MIB);
      channel.write(ByteBuffer.wrap(new byte[1]), 20L * MIB - 1);
    }
    List<TransferProgress> steps = new ArrayList<>();
    new ImageImporter(rbd, TransferOptions.defaults().listener(steps::add))
        .raw(file, copy, new ImageOptions());
    assertThat(steps.getLast().done()).isEqualTo(20L * MIB);
    assertThat(steps.getLast().dataBytes()).isEqualTo(8192);
  }

  @Test
  void optionsAreChecked() {
    TransferOptions options = TransferOptions.defaults();
    assertThatThrownBy(() -> options.parallelism(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options.sparseSize(5000)).isInstanceOf(IllegalArgumentException.class);
    assertThat(options.sparseSize(65536).sparseSize()).isEqualTo(65536);
  }

  /** What is gone reads as zeros, which nothing else would tell within a second. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anImageThatIsRemovedMeanwhileIsNotExported(boolean fastDiff) {
    Sample.create(rbd, name, 2);
    if (!fastDiff) {
      try (Image image = rbd.open(name)) {
        image.updateFeatures(Set.of(Feature.OBJECT_MAP, Feature.FAST_DIFF), false);
      }
    }
    WritableByteChannel target =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer source) {
            Sample.remove(rbd, name);
            int count = source.remaining();
            source.position(source.limit());
            return count;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() -> new ImageExporter(rbd).raw(name, null, target))
        .isInstanceOf(ImageNotFoundException.class);
    assertThat(rbd.exists(name)).isFalse();
  }
}
