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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
    importer.diff(Channels.newChannel(new java.io.ByteArrayInputStream(last)), copy);
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

  @Test
  void imagesGoThroughChannelsAndTakeOtherProperties() throws IOException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    new ImageExporter(rbd).image(name, Channels.newChannel(stream));
    ImageOptions options = new ImageOptions();
    options.order(22).features(java.util.Set.of(Feature.LAYERING));
    new ImageImporter(rbd)
        .image(
            Channels.newChannel(new java.io.ByteArrayInputStream(stream.toByteArray())),
            copy,
            options);
    assertThat(options.isSet(io.github.rbd4j.ImageOption.STRIPE_UNIT)).isFalse();
    assertCopyIsWhole();
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.info().order()).isEqualTo(22);
      assertThat(image.features()).containsExactly(Feature.LAYERING);
    }
  }

  @Test
  void aStripedImageStaysStriped() throws IOException {
    Sample.remove(rbd, name);
    ImageOptions options = new ImageOptions();
    rbd.create(name, 16L * MIB, options.order(20).striping(65536, 4));
    byte[] data = Bytes.random(3 * MIB, 77);
    try (Image image = rbd.open(name)) {
      image.writeAt(100, data);
    }
    new ImageExporter(rbd).image(name, file("image"));
    options.clear();
    new ImageImporter(rbd).image(file("image"), copy, options);
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.stripeUnit()).isEqualTo(65536);
      assertThat(image.stripeCount()).isEqualTo(4);
      Bytes.assertEqual(Bytes.of(image, 100, 3 * MIB), data);
    }
  }
}
