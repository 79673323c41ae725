package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.transfer.DiffFormat;
import io.github.rbd4j.transfer.DiffHeader;
import io.github.rbd4j.transfer.DiffMerger;
import io.github.rbd4j.transfer.DiffRange;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import io.github.rbd4j.transfer.MalformedStreamException;
import io.github.rbd4j.transfer.TransferOptions;
import io.github.rbd4j.transfer.TransferProgress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Differences and whole images, against those of the rbd program, in both directions. */
@CephTest
class DiffTransferIT {
  private static final int MIB = 1 << 20;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("diff");
  private final String copy = name + "-copy";
  private byte[][] history;
  @TempDir private Path folder;

  DiffTransferIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void create() {
    history = Sample.createWithHistory(rbd, name, name.hashCode());
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name);
    Sample.remove(rbd, copy);
  }

  private Path file(String file) {
    return folder.resolve(file);
  }

  private void assertCopyIsWhole() {
    Bytes.assertEqual(Sample.read(rbd, copy, "one"), history[0]);
    Bytes.assertEqual(Sample.read(rbd, copy, "two"), history[1]);
    Bytes.assertEqual(Sample.read(rbd, copy), history[2]);
  }

  private void exportAll(DiffFormat format, boolean wholeObjects) throws IOException {
    ImageExporter exporter = new ImageExporter(rbd);
    exporter.diff(name, new DiffRange(null, "one", format, wholeObjects), file("1"));
    exporter.diff(name, new DiffRange("one", "two", format, wholeObjects), file("2"));
    exporter.diff(name, new DiffRange("two", null, format, wholeObjects), file("3"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theProgramAppliesWhatTheLibraryExported(boolean wholeObjects) throws IOException {
    exportAll(DiffFormat.V1, wholeObjects);
    rbd.create(copy, MIB);
    for (String diff : new String[] {"1", "2", "3"}) {
      ceph.rbd("import-diff", "--no-progress", file(diff).toString(), copy);
    }
    assertCopyIsWhole();
  }

  @Test
  void theLibraryAppliesWhatTheProgramExported() throws IOException {
    ceph.rbd("export-diff", "--no-progress", name + "@one", file("1").toString());
    ceph.rbd(
        "export-diff", "--no-progress", "--from-snap", "one", name + "@two", file("2").toString());
    ceph.rbd("export-diff", "--no-progress", "--from-snap", "two", name, file("3").toString());
    rbd.create(copy, MIB);
    ImageImporter importer = new ImageImporter(rbd);
    assertThat(importer.diff(file("1"), copy))
        .isEqualTo(new DiffHeader(null, "one", false, Sample.SIZE));
    assertThat(importer.diff(file("2"), copy))
        .isEqualTo(new DiffHeader("one", "two", false, Sample.LATER_SIZE));
    byte[] last = Files.readAllBytes(file("3"));
    importer.diff(Channels.newChannel(new ByteArrayInputStream(last)), copy);
    assertCopyIsWhole();
  }

  @Test
  void theFilesAreByteForByteThoseOfTheProgram() throws IOException {
    exportAll(DiffFormat.V1, false);
    ceph.rbd("export-diff", "--no-progress", name + "@one", file("p1").toString());
    ceph.rbd(
        "export-diff", "--no-progress", "--from-snap", "one", name + "@two", file("p2").toString());
    ceph.rbd("export-diff", "--no-progress", "--from-snap", "two", name, file("p3").toString());
    for (String diff : new String[] {"1", "2", "3"}) {
      Bytes.assertEqual(Files.readAllBytes(file(diff)), Files.readAllBytes(file("p" + diff)));
    }
  }

  @ParameterizedTest
  @EnumSource(DiffFormat.class)
  void bothVersionsGoRound(DiffFormat format) throws IOException {
    exportAll(format, true);
    rbd.create(copy, MIB);
    for (String diff : new String[] {"1", "2", "3"}) {
      new ImageImporter(rbd).diff(file(diff), copy);
    }
    assertCopyIsWhole();
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.snapshot("one").isProtected()).isEqualTo(format == DiffFormat.V2);
      assertThat(image.snapshot("two").isProtected()).isFalse();
    }
  }

  @Test
  void differencesFitOrAreRefused() throws IOException {
    exportAll(DiffFormat.V1, false);
    rbd.create(copy, MIB);
    ImageImporter importer = new ImageImporter(rbd);
    assertThatThrownBy(() -> importer.diff(file("2"), copy))
        .isInstanceOf(SnapshotNotFoundException.class)
        .hasMessageContaining("@one");
    importer.diff(file("1"), copy);
    assertThatThrownBy(() -> importer.diff(file("1"), copy))
        .isInstanceOf(SnapshotExistsException.class)
        .hasMessageContaining("@one");
    Bytes.assertEqual(Sample.read(rbd, copy), history[0]);
    assertThatThrownBy(
            () -> new ImageExporter(rbd).diff(name, DiffRange.between("none", null), file("x")))
        .isInstanceOf(SnapshotNotFoundException.class);
    assertThat(Files.exists(file("x"))).isFalse();
  }

  @Test
  void whatWasWrittenSinceTheBaseIsNeverLost() throws IOException {
    exportAll(DiffFormat.V1, false);
    rbd.create(copy, MIB);
    ImageImporter importer = new ImageImporter(rbd);
    importer.diff(file("1"), copy);
    byte[] written = history[0].clone();
    written[7] ^= 1;
    try (Image image = rbd.open(copy)) {
      image.writeAt(7, new byte[] {written[7]});
    }
    // Refused because of the header, of the end of a stream, and because it does not fit.
    ImageImporter small = new ImageImporter(rbd, TransferOptions.defaults().maxSize(MIB));
    assertThatThrownBy(() -> small.diff(file("2"), copy))
        .isInstanceOf(MalformedStreamException.class)
        .hasMessageContaining("maxSize");
    byte[] whole = Files.readAllBytes(file("2"));
    byte[] cut = Arrays.copyOf(whole, whole.length - 1);
    for (byte[] stream : new byte[][] {cut, whole}) {
      assertThatThrownBy(
              () -> importer.diff(Channels.newChannel(new ByteArrayInputStream(stream)), copy))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("was changed since its snapshot one: roll it back first");
    }
    assertThatThrownBy(() -> importer.diff(file("2"), copy))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("was changed since its snapshot one");
    Bytes.assertEqual(Sample.read(rbd, copy), written);
    try (Image image = rbd.open(copy)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("one");
      image.snapshot("one").rollback();
    }
    importer.diff(file("2"), copy);
    Bytes.assertEqual(Sample.read(rbd, copy, "two"), history[1]);
  }

  @Test
  void aSnapshotThatAnotherClientTookMeanwhileStays() throws IOException {
    exportAll(DiffFormat.V1, false);
    rbd.create(copy, MIB);
    new ImageImporter(rbd).diff(file("1"), copy);
    TransferOptions meanwhile =
        TransferOptions.defaults()
            .listener(
                progress -> {
                  try (Image image = rbd.open(copy)) {
                    if (!image.snapshot("two").exists()) {
                      image.createSnapshot("two");
                    }
                  }
                });
    assertThatThrownBy(() -> new ImageImporter(rbd, meanwhile).diff(file("2"), copy))
        .isInstanceOf(SnapshotExistsException.class);
    Bytes.assertEqual(Sample.read(rbd, copy), history[0]);
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("one", "two");
    }
  }

  @Test
  void theTotalOfAnImageFileIsKnownAtOnceOrAtItsLastPart() throws IOException {
    long total = (long) Sample.SIZE + Sample.LATER_SIZE + history[2].length;
    List<TransferProgress> steps = new ArrayList<>();
    TransferOptions options = TransferOptions.defaults().listener(steps::add);
    new ImageExporter(rbd, options).image(name, file("image"));
    assertThat(steps).allSatisfy(step -> assertThat(step.total()).isEqualTo(total));
    assertThat(steps).extracting(TransferProgress::done).isSorted().endsWith(total);
    assertNothingIsLeftAtTheEndOnly(steps);
    steps.clear();

    new ImageImporter(rbd, options).image(file("image"), copy, new ImageOptions());
    long earlier = (long) Sample.SIZE + Sample.LATER_SIZE;
    assertThat(steps)
        .allSatisfy(
            step ->
                assertThat(step.total())
                    .isIn(step.done() <= earlier ? List.of(-1L, total) : List.of(total)));
    assertThat(steps).extracting(TransferProgress::total).contains(-1L).isSorted();
    assertThat(steps).extracting(TransferProgress::done).isSorted().endsWith(total);
    assertNothingIsLeftAtTheEndOnly(steps);
    steps.clear();

    new ImageExporter(rbd, options).diff(name, DiffRange.between("one", "two"), file("2"));
    assertThat(steps).allSatisfy(s -> assertThat(s.total()).isEqualTo(Sample.LATER_SIZE));
  }

  private static void assertNothingIsLeftAtTheEndOnly(List<TransferProgress> steps) {
    long end = steps.getLast().done();
    assertThat(steps)
        .allSatisfy(
            step ->
                assertThat(step.remaining().equals(Optional.of(Duration.ZERO)))
                    .isEqualTo(step.done() == end));
  }

  @Test
  void mergedDifferencesAreThoseOfTheProgram() throws IOException {
    exportAll(DiffFormat.V1, false);
    DiffMerger.merge(file("1"), file("2"), file("12"));
    DiffMerger.merge(file("12"), file("3"), file("123"));
    DiffMerger.merge(file("2"), file("3"), file("23"));
    ceph.rbd(
        "merge-diff",
        "--no-progress",
        file("12").toString(),
        file("3").toString(),
        file("p123").toString());
    rbd.create(copy, MIB);
    ceph.rbd("import-diff", "--no-progress", file("12").toString(), copy);
    Bytes.assertEqual(Sample.read(rbd, copy, "two"), history[1]);
    Sample.remove(rbd, copy);
    for (String whole : new String[] {"123", "p123"}) {
      rbd.create(copy, 30L * MIB);
      new ImageImporter(rbd).diff(file(whole), copy);
      Bytes.assertEqual(Sample.read(rbd, copy), history[2]);
      Sample.remove(rbd, copy);
    }
    rbd.create(copy, 30L * MIB);
    new ImageImporter(rbd).diff(file("1"), copy);
    new ImageImporter(rbd).diff(file("23"), copy);
    Bytes.assertEqual(Sample.read(rbd, copy), history[2]);
    assertThatThrownBy(() -> DiffMerger.merge(file("1"), file("3"), file("13")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one")
        .hasMessageContaining("two");
    assertThat(Files.exists(file("13"))).isFalse();
  }

  @Test
  void whatWasCutOffAndAddedAgainIsZeroAfterAMerge() throws IOException {
    // Both differences say nothing of the range that was lost between them.
    try (Image image = rbd.open(name)) {
      image.createSnapshot("three");
      image.resize(MIB, true);
      image.createSnapshot("four");
      image.resize(8L * MIB, false);
      image.createSnapshot("five");
    }
    ImageExporter exporter = new ImageExporter(rbd);
    exporter.diff(name, DiffRange.between("three", "four"), file("4"));
    exporter.diff(name, DiffRange.between("four", "five").format(DiffFormat.V2), file("5"));
    DiffMerger.merge(file("4"), file("5"), file("45"));
    rbd.create(copy, 8L * MIB);
    new ImageImporter(rbd).diff(fullUpTo("three"), copy);
    new ImageImporter(rbd).diff(file("45"), copy);
    Bytes.assertEqual(
        Sample.read(rbd, copy, "five"), Arrays.copyOf(Arrays.copyOf(history[2], MIB), 8 * MIB));
  }

  private Path fullUpTo(String snapshot) throws IOException {
    Path file = file("full");
    new ImageExporter(rbd).diff(name, DiffRange.between(null, snapshot), file);
    return file;
  }

  // ----------------------------------------------------------------------------- whole images

  private void assertSameProperties() {
    try (Image from = rbd.openReadOnly(name);
        Image to = rbd.openReadOnly(copy)) {
      assertThat(to.info().order()).isEqualTo(from.info().order());
      assertThat(to.features()).isEqualTo(from.features());
      assertThat(to.stripeUnit()).isEqualTo(from.stripeUnit());
      assertThat(to.stripeCount()).isEqualTo(from.stripeCount());
      assertThat(to.metadata()).isEqualTo(from.metadata());
      assertThat(to.snapshots()).extracting(SnapshotInfo::name).containsExactly("one", "two");
      assertThat(to.snapshot("one").isProtected()).isTrue();
      assertThat(to.snapshot("two").isProtected()).isFalse();
    }
    assertCopyIsWhole();
  }

  @Test
  void theProgramImportsTheImageThatTheLibraryExported() throws IOException {
    new ImageExporter(rbd).image(name, file("image"));
    ceph.rbd("import", "--export-format", "2", "--no-progress", file("image").toString(), copy);
    assertSameProperties();
  }

  @Test
  void theLibraryImportsTheImageThatTheProgramExported() throws IOException {
    ceph.rbd("export", "--export-format", "2", "--no-progress", name, file("image").toString());
    ImageOptions options = new ImageOptions();
    new ImageImporter(rbd).image(file("image"), copy, options);
    assertSameProperties();
    new ImageExporter(rbd).image(name, file("ours"));
    Bytes.assertEqual(
        Files.readAllBytes(file("ours")), withTrueLengths(Files.readAllBytes(file("image"))));
  }

  /** Before Ceph 18 the program says of the one byte of the protection that it is eight. */
  private static byte[] withTrueLengths(byte[] image) {
    String text = new String(image, java.nio.charset.StandardCharsets.ISO_8859_1);
    return text.replace("p\10\0\0\0\0\0\0\0", "p\1\0\0\0\0\0\0\0")
        .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  static List<Set<Feature>> features() {
    return List.of(
        Set.of(Feature.LAYERING),
        Set.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK, Feature.JOURNALING),
        Set.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK, Feature.OBJECT_MAP, Feature.FAST_DIFF));
  }

  @ParameterizedTest
  @MethodSource("features")
  void otherFeaturesThanTheDefaultOnesAreKept(Set<Feature> features) throws IOException {
    Sample.remove(rbd, name);
    history = Sample.createWithHistory(rbd, name, new ImageOptions().features(features), 31);
    try (Image image = rbd.openReadOnly(name)) {
      assertThat(image.features()).isEqualTo(features);
    }
    new ImageExporter(rbd).image(name, file("ours"));
    ceph.rbd("import", "--export-format", "2", "--no-progress", file("ours").toString(), copy);
    assertSameProperties();
    Sample.remove(rbd, copy);
    ceph.rbd("export", "--export-format", "2", "--no-progress", name, file("theirs").toString());
    new ImageImporter(rbd).image(file("theirs"), copy, new ImageOptions());
    assertSameProperties();
  }

  /** What goes through a pipe, and how the program writes and reads it. */
  enum Piped {
    DIFF("export-diff NAME@one -", "import-diff - COPY"),
    LATER_DIFF("export-diff --from-snap one NAME@two -", "import-diff - COPY"),
    IMAGE("export --export-format 2 NAME -", "import --export-format 2 - COPY");

    private final String export;
    private final String restore;

    Piped(String export, String restore) {
      this.export = export;
      this.restore = restore;
    }
  }

  private Process program(String command) throws IOException {
    return start(command.replace("NAME", name).replace("COPY", copy).split(" "));
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("rbd"));
    command.addAll(List.of(arguments));
    command.add("--no-progress");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("CEPH_CONF", ceph.conf().toString());
    return builder.start();
  }

  private void prepareCopy(Piped what) throws IOException {
    if (what != Piped.IMAGE) {
      rbd.create(copy, MIB);
    }
    if (what == Piped.LATER_DIFF) {
      new ImageImporter(rbd).diff(fullUpTo("one"), copy);
      Files.delete(file("full"));
    }
  }

  private void assertCopied(Piped what) {
    switch (what) {
      case DIFF -> Bytes.assertEqual(Sample.read(rbd, copy, "one"), history[0]);
      case LATER_DIFF -> Bytes.assertEqual(Sample.read(rbd, copy, "two"), history[1]);
      case IMAGE -> assertSameProperties();
    }
  }

  @ParameterizedTest
  @EnumSource(Piped.class)
  void pipesCarryAllFormatsBetweenTheLibraryAndTheProgram(Piped what) throws Exception {
    prepareCopy(what);
    Process program = program(what.restore);
    try (var pipe = Channels.newChannel(program.getOutputStream())) {
      ImageExporter exporter = new ImageExporter(rbd);
      switch (what) {
        case DIFF -> exporter.diff(name, DiffRange.between(null, "one"), pipe);
        case LATER_DIFF -> exporter.diff(name, DiffRange.between("one", "two"), pipe);
        case IMAGE -> exporter.image(name, pipe);
      }
    }
    assertThat(program.waitFor()).isZero();
    assertCopied(what);
    Sample.remove(rbd, copy);

    prepareCopy(what);
    program = program(what.export);
    try (var pipe = Channels.newChannel(program.getInputStream())) {
      ImageImporter importer = new ImageImporter(rbd);
      if (what == Piped.IMAGE) {
        importer.image(pipe, copy, new ImageOptions());
      } else {
        importer.diff(pipe, copy);
      }
    }
    assertThat(program.waitFor()).isZero();
    assertCopied(what);
  }

  @Test
  void pipesCarryDifferencesToAndFromAMerge() throws Exception {
    exportAll(DiffFormat.V1, false);
    Process program = start("merge-diff", "-", file("2").toString(), "-");
    var writing = Await.inBackground(() -> writeFirst(program.getOutputStream()));
    try (var merged = Channels.newChannel(program.getInputStream());
        FileChannel last = FileChannel.open(file("3"));
        FileChannel all =
            FileChannel.open(
                file("123"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      DiffMerger.merge(merged, last, all);
    }
    writing.join();
    assertThat(program.waitFor()).isZero();
    rbd.create(copy, 30L * MIB);
    new ImageImporter(rbd).diff(file("123"), copy);
    Bytes.assertEqual(Sample.read(rbd, copy), history[2]);
  }

  private void writeFirst(OutputStream pipe) {
    try (pipe) {
      new ImageExporter(rbd).diff(name, DiffRange.between(null, "one"), Channels.newChannel(pipe));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void imagesGoThroughChannelsAndTakeOtherProperties() throws IOException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    new ImageExporter(rbd).image(name, Channels.newChannel(stream));
    ImageOptions options = new ImageOptions();
    options.order(22).features(Set.of(Feature.LAYERING));
    new ImageImporter(rbd)
        .image(Channels.newChannel(new ByteArrayInputStream(stream.toByteArray())), copy, options);
    assertThat(options.isSet(io.github.rbd4j.ImageOption.STRIPE_UNIT)).isFalse();
    assertCopyIsWhole();
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.info().order()).isEqualTo(22);
      assertThat(image.features()).containsExactly(Feature.LAYERING);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {65536, MIB})
  void aStripedImageStaysStriped(int unit) throws IOException {
    Sample.remove(rbd, name);
    ImageOptions options = new ImageOptions();
    rbd.create(name, 16L * MIB, options.order(20).striping(unit, 4));
    byte[] data = Bytes.random(3 * MIB, 77);
    try (Image image = rbd.open(name)) {
      image.writeAt(100, data);
    }
    new ImageExporter(rbd).image(name, file("image"));
    options.clear();
    new ImageImporter(rbd).image(file("image"), copy, options);
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.stripeUnit()).isEqualTo(unit);
      assertThat(image.stripeCount()).isEqualTo(4);
      Bytes.assertEqual(Bytes.of(image, 100, 3 * MIB), data);
    }
  }

  @Test
  void snapshotsWithLongNamesGoRound() throws IOException {
    String from = "ä".repeat(3000); // more than the program reads
    try (Image image = rbd.open(name)) {
      image.createSnapshot(from);
    }
    rbd.create(copy, 8 * MIB);
    try (Image image = rbd.open(copy)) {
      image.createSnapshot(from);
    }
    new ImageExporter(rbd).diff(name, DiffRange.between(from, null), file("long"));
    assertThat(new ImageImporter(rbd).diff(file("long"), copy).fromSnapshot()).isEqualTo(from);
  }
}
