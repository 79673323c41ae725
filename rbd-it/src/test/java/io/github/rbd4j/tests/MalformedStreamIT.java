package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.transfer.DiffFormat;
import io.github.rbd4j.transfer.DiffMerger;
import io.github.rbd4j.transfer.DiffRange;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import io.github.rbd4j.transfer.MalformedStreamException;
import io.github.rbd4j.transfer.TransferOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Streams that are cut off, damaged or made to do harm. */
@CephTest
class MalformedStreamIT {
  private static final int SIZE = 1 << 20;
  private static final TransferOptions SMALL = TransferOptions.defaults().maxSize(1L << 30);
  private static final String V1 = "rbd diff v1\n";
  private static final String V2 = "rbd diff v2\n";

  private final Rbd rbd;
  private final String name = Names.unique("malformed");
  private final String copy = name + "-copy";
  private final ImageOptions defaults = new ImageOptions();
  private final byte[] old = Bytes.random(SIZE, 1);
  @TempDir private Path folder;

  MalformedStreamIT(Rbd rbd) {
    this.rbd = rbd;
  }

  /** A source with some small extents, and a copy that has its first snapshot. */
  @BeforeEach
  void create() throws IOException {
    rbd.create(name, SIZE);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, old);
      image.createSnapshot("old");
      image.writeAt(1000, Bytes.random(50, 2));
      image.writeZeroes(300_000, 4096);
      image.writeAt(SIZE - 20, Bytes.random(20, 3));
      image.setMetadata("key", "value");
      image.createSnapshot("new");
    }
    rbd.create(copy, SIZE);
    try (Image image = rbd.open(copy)) {
      image.writeAt(0, old);
      image.createSnapshot("old");
    }
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name);
    Sample.remove(rbd, copy);
    assertThat(rbd.exists(fresh())).isFalse();
  }

  private String fresh() {
    return name + "-fresh";
  }

  private byte[] diff(DiffFormat format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ImageExporter(rbd)
        .diff(name, DiffRange.between("old", "new").format(format), Channels.newChannel(out));
    return out.toByteArray();
  }

  private static ReadableByteChannel channel(byte[] bytes) {
    return Channels.newChannel(new ByteArrayInputStream(bytes));
  }

  private Throwable importDiff(byte[] bytes) {
    return catchThrowable(() -> new ImageImporter(rbd, SMALL).diff(channel(bytes), copy));
  }

  private void assertCopyUntouched() {
    Bytes.assertEqual(Sample.read(rbd, copy), old);
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.snapshots()).hasSize(1);
    }
  }

  private static void assertMalformed(Throwable thrown, long position) {
    assertThat(thrown).isInstanceOf(MalformedStreamException.class);
    assertThat(((MalformedStreamException) thrown).position()).isEqualTo(position);
    assertThat(thrown).hasMessageContaining("at byte " + position);
  }

  // ------------------------------------------------------------------------------- truncation

  @ParameterizedTest
  @EnumSource(DiffFormat.class)
  void aDifferenceThatIsCutOffAnywhereChangesNothing(DiffFormat format) throws IOException {
    byte[] whole = diff(format);
    assertThat(whole.length).isLessThan(6000);
    Path file = folder.resolve("cut");
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      Files.write(file, cut);
      Throwable thrown = catchThrowable(() -> new ImageImporter(rbd).diff(file, copy));
      assertMalformed(thrown, length);
    }
    assertCopyUntouched();
    // A stream cannot be looked through first, so that every cut is rolled back.
    for (int length = 0; length < whole.length; length += 601) {
      assertMalformed(importDiff(Arrays.copyOf(whole, length)), length);
    }
    assertMalformed(importDiff(Arrays.copyOf(whole, whole.length - 1)), whole.length - 1);
    assertCopyUntouched();
    assertThat(importDiff(whole)).isNull();
  }

  @Test
  void anImageThatIsCutOffIsRemoved() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ImageExporter(rbd).image(name, Channels.newChannel(out));
    byte[] whole = out.toByteArray();
    int data = indexOf(whole, "rbd diff v2\n");
    for (int length = 0; length < data; length++) {
      int cut = length;
      Throwable thrown =
          catchThrowable(
              () ->
                  new ImageImporter(rbd)
                      .image(channel(Arrays.copyOf(whole, cut)), fresh(), defaults));
      assertMalformed(thrown, length);
    }
    assertThat(rbd.exists(fresh())).isFalse();
    int[] cuts = {
      data,
      data + 5,
      data + 30,
      data + 70,
      data + 5000,
      whole.length - 5000,
      whole.length - 40,
      whole.length - 1
    };
    Path file = folder.resolve("cut");
    for (int length : cuts) {
      Files.write(file, Arrays.copyOf(whole, length));
      Throwable thrown =
          catchThrowable(() -> new ImageImporter(rbd).image(file, fresh(), defaults));
      assertMalformed(thrown, length);
      assertThat(rbd.exists(fresh())).as("cut at " + length).isFalse();
    }
  }

  private static int indexOf(byte[] bytes, String text) {
    return new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  @Test
  void whatFollowsAFileIsRefusedAndLeftInAChannel() throws IOException {
    byte[] whole = diff(DiffFormat.V1);
    Path file = folder.resolve("longer");
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertMalformed(catchThrowable(() -> new ImageImporter(rbd).diff(file, copy)), whole.length);
    assertCopyUntouched();
    ByteArrayInputStream stream = new ByteArrayInputStream(Files.readAllBytes(file));
    new ImageImporter(rbd).diff(Channels.newChannel(stream), copy);
    assertThat(stream.available()).isEqualTo(1);
  }

  // ---------------------------------------------------------------------------------- damage

  @ParameterizedTest
  @EnumSource(DiffFormat.class)
  void aFlippedBitIsFoundOrIsInTheData(DiffFormat format) throws IOException {
    byte[] whole = diff(format);
    Random random = new Random(4);
    int found = 0;
    for (int i = 0; i < 60; i++) {
      byte[] damaged = whole.clone();
      int bit = i < 30 ? random.nextInt(8 * 90) : random.nextInt(8 * whole.length);
      damaged[bit / 8] ^= (byte) (1 << (bit % 8));
      Throwable thrown = importDiff(damaged);
      if (thrown == null) {
        // It was applied, as the program would have, and can be undone.
        rollCopyBack();
      } else {
        found++;
        assertThat(thrown).isInstanceOfAny(MalformedStreamException.class, RbdException.class);
      }
      assertCopyUntouched();
    }
    assertThat(found).isGreaterThan(15);
  }

  private void rollCopyBack() {
    try (Image image = rbd.open(copy)) {
      for (SnapshotInfo snapshot : image.snapshots()) {
        if (!snapshot.name().equals("old")) {
          if (image.snapshot(snapshot.name()).isProtected()) {
            image.snapshot(snapshot.name()).unprotect();
          }
          image.removeSnapshot(snapshot.id());
        }
      }
      image.snapshot("old").rollback();
    }
  }

  @Test
  void damagedFilesAreNotMerged() throws IOException {
    Path first = Files.write(folder.resolve("first"), diff(DiffFormat.V1));
    Path second = folder.resolve("second");
    Path merged = folder.resolve("merged");
    new ImageExporter(rbd).diff(name, DiffRange.between("new", null), second);
    byte[] whole = Files.readAllBytes(first);
    for (int length = 0; length < whole.length; length += 211) {
      Files.write(first, Arrays.copyOf(whole, length));
      assertMalformed(catchThrowable(() -> DiffMerger.merge(first, second, merged)), length);
      assertThat(Files.exists(merged)).isFalse();
    }
    byte[] disordered =
        stream(V1).name('f', "new").size(9000).write(5000, 2).zero(4999, 1).end().bytes();
    assertMalformed(
        catchThrowable(
            () ->
                DiffMerger.merge(
                    channel(whole),
                    channel(disordered),
                    Channels.newChannel(new ByteArrayOutputStream()))),
        disordered.length - 1);
  }

  // ---------------------------------------------------------------------------------- hostile

  /** Makes streams by hand. */
  private static final class Stream {
    private final ByteBuffer buffer = ByteBuffer.allocate(20_000).order(ByteOrder.LITTLE_ENDIAN);
    private final boolean lengths;

    Stream(String banner) {
      buffer.put(banner.getBytes(StandardCharsets.US_ASCII));
      lengths = banner.contains("v2");
    }

    Stream tag(int tag, long length) {
      buffer.put((byte) tag);
      if (lengths) {
        buffer.putLong(length);
      }
      return this;
    }

    Stream le64(long value) {
      buffer.putLong(value);
      return this;
    }

    Stream le32(int value) {
      buffer.putInt(value);
      return this;
    }

    Stream raw(byte[] bytes) {
      buffer.put(bytes);
      return this;
    }

    Stream name(int tag, String name) {
      byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
      return tag(tag, 4 + bytes.length).le32(bytes.length).raw(bytes);
    }

    Stream size(long size) {
      return tag('s', 8).le64(size);
    }

    Stream write(long offset, long length) {
      return tag('w', 16 + length)
          .le64(offset)
          .le64(length)
          .raw(new byte[(int) Math.min(length, 9)]);
    }

    Stream zero(long offset, long length) {
      return tag('z', 16).le64(offset).le64(length);
    }

    Stream end() {
      buffer.put((byte) 'e');
      return this;
    }

    byte[] bytes() {
      return Arrays.copyOf(buffer.array(), buffer.position());
    }
  }

  private static Stream stream(String banner) {
    return new Stream(banner);
  }

  private void assertRefused(String what, long position, byte[] bytes) {
    Throwable thrown = importDiff(bytes);
    assertThat(thrown).as(what).isInstanceOf(MalformedStreamException.class);
    assertThat(((MalformedStreamException) thrown).position()).as(what).isEqualTo(position);
    assertCopyUntouched();
  }

  @Test
  void headersThatMakeNoSenseAreRefused() {
    int start = V1.length();
    assertRefused("banner", 0, stream("rbd fidd v1\n").size(1).end().bytes());
    assertRefused("version", 10, stream("rbd diff v3\n").size(1).end().bytes());
    assertRefused("tag", start, stream(V1).tag('q', 0).bytes());
    assertRefused("no size", start, stream(V1).end().bytes());
    assertRefused("negative size", start + 1, stream(V1).size(-1).end().bytes());
    assertRefused("size twice", start + 9, stream(V1).size(1).size(1).end().bytes());
    assertRefused("large size", start + 10, stream(V1).size(1L << 31).end().bytes());
    assertRefused("huge size", start + 10, stream(V1).size(Long.MAX_VALUE).end().bytes());
    assertRefused(
        "protection in version 1", start, stream(V1).tag('p', 1).raw(new byte[1]).bytes());
    assertRefused(
        "header behind data",
        start + 34,
        stream(V1).name('f', "old").size(SIZE).zero(1, 1).size(1).bytes());
    assertRefused("wrong length", start, stream(V2).tag('s', 9).le64(1).end().bytes());
    assertRefused("negative length", start + 1, stream(V2).tag('?', -1).bytes());
    assertRefused(
        "huge unknown record",
        start + 9 + 3,
        stream(V2).tag('?', Long.MAX_VALUE).raw(new byte[3]).bytes());
  }

  @Test
  void namesThatAreNoNamesAreRefused() {
    int start = V1.length();
    assertRefused("NUL", start, stream(V1).name('t', "a\0b").size(1).end().bytes());
    assertRefused("empty", start, stream(V1).name('t', "").size(1).end().bytes());
    assertRefused("slash", start, stream(V1).name('t', "a/b").size(1).end().bytes());
    assertRefused("at", start, stream(V1).name('f', "a@b").size(1).end().bytes());
    assertRefused("not UTF-8", start + 1, stream(V1).name('t', "\377\376").size(1).end().bytes());
    assertRefused("too long", start + 1, stream(V1).tag('t', 0).le32(65_537).bytes());
    assertRefused("4 GiB", start + 1, stream(V1).tag('t', 0).le32(-1).bytes());
    assertRefused("2 GiB", start + 1, stream(V1).tag('f', 0).le32(Integer.MAX_VALUE).bytes());
    assertRefused(
        "twice", start + 6, stream(V1).name('t', "a").name('t', "b").size(1).end().bytes());
    assertRefused(
        "length", start, stream(V2).tag('t', 99).le32(1).raw(new byte[] {'a'}).size(1).bytes());
  }

  @Test
  void extentsThatMakeNoSenseAreRefused() {
    int start = V1.length() + 8 + 9;
    Stream[] streams = {
      stream(V1).name('f', "old").size(SIZE).write(SIZE, 1),
      stream(V1).name('f', "old").size(SIZE).write(SIZE - 1, 2),
      stream(V1).name('f', "old").size(SIZE).write(-1, 2),
      stream(V1).name('f', "old").size(SIZE).write(Long.MAX_VALUE, Long.MAX_VALUE),
      stream(V1).name('f', "old").size(SIZE).write(0, Long.MAX_VALUE),
      stream(V1).name('f', "old").size(SIZE).write(0, 0),
      stream(V1).name('f', "old").size(SIZE).zero(5, Long.MIN_VALUE),
    };
    for (Stream stream : streams) {
      Throwable thrown = importDiff(stream.end().bytes());
      assertThat(thrown).isInstanceOf(MalformedStreamException.class);
      assertThat(((MalformedStreamException) thrown).position())
          .isBetween((long) start, start + 9L);
    }
    assertCopyUntouched();
    assertRefused(
        "length of record",
        V2.length() + 16 + 17,
        stream(V2)
            .name('f', "old")
            .size(SIZE)
            .tag('w', 99)
            .le64(0)
            .le64(5)
            .raw(new byte[5])
            .bytes());
  }

  @Test
  void whatWasWrittenBeforeTheFaultIsRolledBack() {
    byte[] bytes =
        stream(V1)
            .name('f', "old")
            .name('t', "new")
            .size(SIZE / 2)
            .write(10, 9)
            .tag('?', 0)
            .bytes();
    assertRefused("after data", bytes.length - 1, bytes);
  }

  @Test
  void aDifferenceThatBuildsOnNoneAlsoChangesNothingUnlessItIsWhole() throws IOException {
    try (Image image = rbd.open(name)) {
      image.resize(SIZE / 2, true); // the copy has to become smaller, and larger again
      image.writeAt(0, Bytes.random(5000, 4));
      image.createSnapshot("small");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ImageExporter(rbd)
        .diff(
            name, DiffRange.between(null, "small").format(DiffFormat.V1), Channels.newChannel(out));
    byte[] whole = out.toByteArray();
    for (int length : new int[] {whole.length - 1, whole.length - 2000, 60}) {
      assertThat(importDiff(Arrays.copyOf(whole, length)))
          .isInstanceOf(MalformedStreamException.class);
      assertCopyUntouched();
    }
    assertThat(importDiff(whole)).isNull();
    Bytes.assertEqual(Sample.read(rbd, copy), Sample.read(rbd, name));
    try (Image image = rbd.openReadOnly(copy)) {
      assertThat(image.snapshots()).extracting(SnapshotInfo::name).containsExactly("old", "small");
    }
  }

  @Test
  void unknownRecordsOfVersion2AreLeftOut() {
    byte[] bytes =
        stream(V2)
            .tag('?', 5)
            .raw(new byte[5])
            .name('f', "old")
            .size(SIZE)
            .tag('!', 0)
            .zero(0, 10)
            .tag('?', 7000)
            .raw(new byte[7000])
            .write(20, 9)
            .end()
            .bytes();
    assertThat(importDiff(bytes)).isNull();
    Arrays.fill(old, 0, 10, (byte) 0);
    Arrays.fill(old, 20, 29, (byte) 0);
    Bytes.assertEqual(Sample.read(rbd, copy), old);
  }

  @Test
  void extentsInAnyOrderAreAppliedInTheirs() {
    ByteBuffer data = ByteBuffer.allocate(4096);
    Arrays.fill(data.array(), (byte) 7);
    Stream stream = stream(V1).name('f', "old").size(SIZE);
    stream.tag('w', 0).le64(8192).le64(4096).raw(data.array()).zero(8192, 100);
    stream.tag('w', 0).le64(0).le64(4096).raw(data.array()).zero(4000, 200);
    assertThat(importDiff(stream.end().bytes())).isNull();
    Arrays.fill(old, 8192, 8192 + 4096, (byte) 7);
    Arrays.fill(old, 8192, 8292, (byte) 0);
    Arrays.fill(old, 0, 4000, (byte) 7);
    Arrays.fill(old, 4000, 4200, (byte) 0);
    Bytes.assertEqual(Sample.read(rbd, copy), old);
  }

  private static final String IMAGE = "rbd image v2\n";
  private static final String DIFFS = "Erbd image diffs v2\n";

  private static Stream order(long order) {
    return stream(IMAGE).tag('O', 8).le64(order);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void imagesThatMakeNoSenseAreRefused() {
    byte[] small = stream(V2).size(5).end().bytes();
    byte[][] images = {
      stream("rbd image v3\n").bytes(),
      order(5).raw(ascii(DIFFS)).le64(1).raw(small).bytes(),
      order(99).raw(ascii(DIFFS)).le64(1).raw(small).bytes(),
      order(-1).raw(ascii(DIFFS)).le64(1).raw(small).bytes(),
      stream(IMAGE).raw(ascii(DIFFS)).le64(1).raw(small).bytes(),
      order(22).raw(ascii("Erbd image diffs v9\n")).le64(1).raw(small).bytes(),
      order(22).raw(ascii(DIFFS)).le64(0).bytes(),
      order(22).raw(ascii(DIFFS)).le64(-1).raw(small).bytes(),
      order(22).raw(ascii(DIFFS)).le64(2).raw(small).bytes(),
      order(22).raw(ascii(DIFFS)).le64(Long.MAX_VALUE).raw(small).raw(small).bytes(),
      order(22).tag('M', 1L << 40).le32(3).raw(ascii("key")).bytes(),
      order(22).tag('M', 20).le32(-1).bytes(),
      order(22).tag('M', 9).le32(1).raw(ascii("k")).le32(3).raw(ascii("xyz")).bytes(),
      order(22).tag('M', 10).le32(1).raw(new byte[] {0}).le32(1).raw(ascii("x")).bytes(),
      order(22).tag('O', 7).bytes(),
      order(22)
          .raw(ascii(DIFFS))
          .le64(1)
          .raw(stream(V2).name('f', "gone").size(5).end().bytes())
          .bytes(),
      order(22)
          .raw(ascii(DIFFS))
          .le64(2)
          .raw(stream(V2).name('t', "a").size(5).end().bytes())
          .raw(stream(V2).name('t', "a").size(5).end().bytes())
          .bytes(),
      order(12).raw(ascii(DIFFS)).le64(1).raw(stream(V2).size(1L << 50).end().bytes()).bytes(),
      order(22)
          .tag('T', 8)
          .le64(1)
          .raw(ascii(DIFFS))
          .le64(1)
          .raw(stream(V2).size(1L << 49).write(0, 9).bytes())
          .bytes(),
    };
    for (int i = 0; i < images.length; i++) {
      byte[] image = images[i];
      assertThatThrownBy(() -> new ImageImporter(rbd).image(channel(image), fresh(), defaults))
          .as("image " + i)
          .isInstanceOf(MalformedStreamException.class);
      assertThat(rbd.exists(fresh())).as("image " + i).isFalse();
    }
  }

  /** An image of 5 bytes whose header has one more record. */
  private static byte[] withNumbers(long order, Object... tagsAndValues) {
    Stream stream = order(order);
    for (int i = 0; i < tagsAndValues.length; i += 2) {
      stream.tag((char) tagsAndValues[i], 8).le64(((Number) tagsAndValues[i + 1]).longValue());
    }
    return stream.raw(ascii(DIFFS)).le64(1).raw(stream(V2).size(5).end().bytes()).bytes();
  }

  @Test
  void propertiesThatNoImageCanHaveAreRefusedWhereTheyStand() {
    long next = IMAGE.length() + 17L;
    Object[][] properties = {
      {IMAGE.length(), withNumbers(11)},
      {IMAGE.length(), withNumbers(26)},
      {next, withNumbers(22, 'T', 64)}, // journaling alone
      {next, withNumbers(22, 'T', 8)}, // an object map without a lock
      {next, withNumbers(22, 'T', 4 + 16)}, // fast-diff without an object map
      {next + 9, withNumbers(22, 'T', -1)}, // all bits
      {next, withNumbers(22, 'U', 3)},
      {next + 17, withNumbers(22, 'U', 3, 'C', 2)},
      {next + 17, withNumbers(22, 'U', 0, 'C', 2)},
      {next + 17, withNumbers(22, 'C', 1, 'U', 0)},
      {next + 17, withNumbers(22, 'U', 65536, 'C', 0)},
      {next + 17, withNumbers(22, 'U', 1 << 23, 'C', 2)},
      {next + 17, withNumbers(22, 'U', 1L << 62, 'C', 1)},
      {next + 17, withNumbers(22, 'U', 65536, 'C', 1L << 62)},
      {next + 17, withNumbers(22, 'U', 65536, 'C', (1L << 40) + 1)},
    };
    for (Object[] property : properties) {
      Throwable thrown =
          catchThrowable(
              () -> new ImageImporter(rbd).image(channel((byte[]) property[1]), fresh(), defaults));
      assertMalformed(thrown, ((Number) property[0]).longValue());
      assertThat(rbd.exists(fresh())).isFalse();
    }
  }

  @Test
  void propertiesOfNewerReleasesAreLeftOut() throws IOException {
    byte[] image = withNumbers(22, 'T', Long.MAX_VALUE, 'U', 1 << 22, 'C', 1, '?', 7);
    new ImageImporter(rbd).image(channel(image), fresh(), defaults);
    try (Image fresh = rbd.openReadOnly(fresh())) {
      assertThat(fresh.size()).isEqualTo(5);
      assertThat(fresh.features())
          .contains(Feature.LAYERING, Feature.JOURNALING, Feature.DEEP_FLATTEN)
          .doesNotContain(Feature.DATA_POOL, Feature.MIGRATING);
    }
    rbd.remove(fresh());
  }

  @Test
  void aRawStreamWithoutAnEndIsRefusedAtTheLargestSize() {
    TransferOptions small = TransferOptions.defaults().maxSize(10 << 20);
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 0;
          }

          @Override
          public int read(byte[] target, int start, int length) {
            return length;
          }
        };
    Throwable thrown =
        catchThrowable(
            () ->
                new ImageImporter(rbd, small).raw(Channels.newChannel(endless), fresh(), defaults));
    assertMalformed(thrown, 12 << 20);
    assertThat(thrown).hasMessageContaining("maxSize of " + (10 << 20));
    assertThat(rbd.exists(fresh())).isFalse();
  }

  // --------------------------------------------------------------------------------- mutations

  /** Bits, numbers, cuts and repetitions, mostly where the records are. */
  private static byte[] mutated(byte[] whole, Random random) {
    byte[] bytes = whole.clone();
    int at = random.nextInt(random.nextBoolean() ? Math.min(120, bytes.length) : bytes.length);
    int length = 1 + random.nextInt(20);
    switch (random.nextInt(5)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> Arrays.fill(bytes, at, Math.min(at + 8, bytes.length), (byte) -random.nextInt(2));
      case 3 -> bytes = Arrays.copyOf(bytes, at);
      default -> {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        out.write(bytes, Math.max(0, at - length), at - Math.max(0, at - length));
        out.write(bytes, at, bytes.length - at);
        bytes = out.toByteArray();
      }
    }
    return bytes;
  }

  @Test
  void mutatedDifferencesAreMergedOrRefused() throws IOException {
    byte[] first = diff(DiffFormat.V1);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ImageExporter(rbd)
        .diff(name, DiffRange.between("new", null).format(DiffFormat.V2), Channels.newChannel(out));
    byte[] second = out.toByteArray();
    Random random = new Random(6);
    int refused = 0;
    for (int i = 0; i < 4_000; i++) {
      boolean ofFirst = random.nextBoolean();
      byte[] one = ofFirst ? mutated(first, random) : first;
      byte[] two = ofFirst ? second : mutated(second, random);
      Throwable thrown =
          catchThrowable(
              () ->
                  DiffMerger.merge(
                      channel(one),
                      channel(two),
                      Channels.newChannel(OutputStream.nullOutputStream())));
      if (thrown != null) {
        refused++;
        assertThat(thrown)
            .as("mutation " + i)
            .isInstanceOfAny(MalformedStreamException.class, IllegalArgumentException.class);
      }
    }
    assertThat(refused).isBetween(600, 3_999);
  }

  @Test
  void mutatedDifferencesAreImportedOrChangeNothing() throws IOException {
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 40; i++) {
      byte[] stream = mutated(diff(i % 2 == 0 ? DiffFormat.V1 : DiffFormat.V2), random);
      Throwable thrown = importDiff(stream);
      if (thrown == null) {
        rollCopyBack();
      } else {
        refused++;
        assertThat(thrown)
            .as("mutation " + i)
            .isInstanceOfAny(MalformedStreamException.class, RbdException.class);
      }
      assertCopyUntouched();
    }
    assertThat(refused).isBetween(5, 39);
  }

  @Test
  void mutatedImagesAreImportedOrLeaveNothing() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ImageExporter(rbd).image(name, Channels.newChannel(out));
    byte[] whole = out.toByteArray();
    Random random = new Random(8);
    int refused = 0;
    for (int i = 0; i < 25; i++) {
      byte[] image = mutated(whole, random);
      Throwable thrown =
          catchThrowable(
              () -> new ImageImporter(rbd, SMALL).image(channel(image), fresh(), defaults));
      if (thrown == null) {
        Sample.remove(rbd, fresh());
      } else {
        refused++;
        assertThat(thrown)
            .as("mutation " + i)
            .isInstanceOfAny(MalformedStreamException.class, RbdException.class);
      }
      assertThat(rbd.exists(fresh())).as("mutation " + i).isFalse();
    }
    assertThat(refused).isBetween(3, 24);
  }

  @Test
  void aRawFileThatShrinksLeavesNoImage() throws IOException {
    Path file = Files.write(folder.resolve("raw"), Bytes.random(9 << 20, 5));
    var options =
        TransferOptions.defaults()
            .parallelism(1)
            .listener(
                progress -> {
                  try (var channel =
                      java.nio.channels.FileChannel.open(
                          file, java.nio.file.StandardOpenOption.WRITE)) {
                    channel.truncate(5 << 20);
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
    assertThatThrownBy(() -> new ImageImporter(rbd, options).raw(file, fresh(), defaults))
        .isInstanceOf(MalformedStreamException.class)
        .hasMessageContaining("instead of " + (9 << 20));
    assertThat(rbd.exists(fresh())).isFalse();
  }
}
