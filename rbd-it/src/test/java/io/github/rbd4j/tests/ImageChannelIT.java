package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.LockMode;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.nio.ImageChannelOption;
import io.github.rbd4j.nio.ImageInputStream;
import io.github.rbd4j.nio.ImageOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images as channels and streams of the JDK. */
@CephTest
class ImageChannelIT {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 24 * MIB;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("channel");
  @TempDir private Path folder;
  private Image image;

  ImageChannelIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void open() {
    rbd.create(name, SIZE);
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.snapshots().forEach(snapshot -> image.removeSnapshot(snapshot.id()));
    image.close();
    rbd.remove(name);
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Test
  void thePositionMovesWithReadsAndWrites() throws IOException {
    byte[] data = Bytes.random(5000, 1);
    try (ImageChannel channel = ImageChannel.of(image)) {
      assertThat(channel.position()).isZero();
      assertThat(channel.write(ByteBuffer.wrap(data))).isEqualTo(5000);
      assertThat(channel.write(direct(data))).isEqualTo(5000);
      assertThat(channel.position()).isEqualTo(10_000);
      assertThat(channel.size()).isEqualTo(SIZE);

      ByteBuffer back = ByteBuffer.allocate(5000);
      assertThat(channel.position(5000).read(back)).isEqualTo(5000);
      Bytes.assertEqual(bytes(back), data);
      assertThat(channel.position()).isEqualTo(10_000);

      assertThat(channel.read(ByteBuffer.allocate(10), 4995)).isEqualTo(10);
      assertThat(channel.write(ByteBuffer.wrap(data), 100)).isEqualTo(5000);
      assertThat(channel.position()).as("not moved by the positioned ones").isEqualTo(10_000);
      Bytes.assertEqual(Bytes.of(image, 100, 5000), data);
    }
    assertThat(image.size()).as("the image stays open").isEqualTo(SIZE);
  }

  @Test
  void atTheEndReadsAreShortAndWritesAreRefusedAsAWhole() throws IOException {
    try (ImageChannel channel = ImageChannel.of(image)) {
      ByteBuffer buffer = ByteBuffer.allocate(100);
      assertThat(channel.position(SIZE - 40).read(buffer)).isEqualTo(40);
      assertThat(channel.position()).isEqualTo(SIZE);
      assertThat(channel.read(buffer)).isEqualTo(-1);
      assertThat(channel.position(Long.MAX_VALUE).read(buffer)).isEqualTo(-1);
      assertThat(channel.position()).isEqualTo(Long.MAX_VALUE);
      assertThat(channel.write(ByteBuffer.allocate(0))).isZero();
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);

      ByteBuffer tail = ByteBuffer.wrap(Bytes.random(41, 2));
      assertThatThrownBy(() -> channel.position(SIZE - 40).write(tail))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("41 bytes at " + (SIZE - 40));
      assertThat(tail.remaining()).isEqualTo(41);
      Bytes.assertZero(Bytes.of(image, SIZE - 40, 40));
      assertThatThrownBy(() -> channel.position(-1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void theSizeChangesByPermissionOnly() throws IOException {
    try (ImageChannel fixed = ImageChannel.of(image)) {
      assertThat(fixed.truncate(SIZE).size()).isEqualTo(SIZE);
      assertThatThrownBy(() -> fixed.truncate(SIZE - 1)).isInstanceOf(IOException.class);
      assertThat(image.size()).isEqualTo(SIZE);
    }
    try (ImageChannel channel = ImageChannel.of(image, ImageChannelOption.RESIZE)) {
      channel.position(5 * MIB);
      assertThat(channel.truncate(3 * MIB).position()).isEqualTo(3 * MIB);
      assertThat(image.size()).isEqualTo(3 * MIB);
      assertThat(channel.truncate(4 * MIB).size()).as("it only shrinks").isEqualTo(3 * MIB);

      channel.position(3 * MIB + 77).write(ByteBuffer.wrap(Bytes.random(100, 3)));
      assertThat(image.size()).isEqualTo(3 * MIB + 177);
      Bytes.assertZero(Bytes.of(image, 3 * MIB, 77));
      Bytes.assertEqual(Bytes.of(image, 3 * MIB + 77, 100), Bytes.random(100, 3));
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(9), Long.MAX_VALUE - 3))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void readOnlyViewsAndSnapshotsAreNotWritten() throws IOException {
    byte[] old = Bytes.random(MIB, 4);
    image.writeAt(0, old);
    image.createSnapshot("before");
    image.writeAt(0, new byte[MIB]);

    try (ImageChannel view = ImageChannel.of(image, ImageChannelOption.READ_ONLY)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      assertThatThrownBy(() -> view.write(one)).isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> view.write(one, 0)).isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> view.write(new ByteBuffer[] {one}))
          .isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> view.truncate(0)).isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> view.transferFrom(Channels.newChannel(System.in), 0, 1))
          .isInstanceOf(NonWritableChannelException.class);
    }
    try (ImageChannel snapshot = ImageChannel.open(rbd, name, OpenOptions.at("before"))) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(MIB);
      assertThat(snapshot.read(buffer)).isEqualTo(MIB);
      Bytes.assertEqual(bytes(buffer), old);
      assertThatThrownBy(() -> snapshot.write(ByteBuffer.allocate(1)))
          .isInstanceOf(NonWritableChannelException.class);
    }
    try (Image reading = rbd.openReadOnly(name);
        ImageChannel channel = ImageChannel.of(reading)) {
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
          .isInstanceOf(NonWritableChannelException.class)
          .hasCauseInstanceOf(ReadOnlyImageException.class);
    }
  }

  @Test
  void failuresOfTheClusterAreIoExceptionsWithTheirCause() {
    assertThatThrownBy(() -> ImageChannel.open(rbd, "no-such-image", OpenOptions.readWrite()))
        .isInstanceOf(IOException.class)
        .hasCauseInstanceOf(ImageNotFoundException.class);
  }

  @Test
  void aClosedChannelRefusesEverything() throws IOException {
    ImageChannel channel = ImageChannel.open(rbd, name, OpenOptions.readWrite());
    channel.close();
    channel.close();
    assertThat(channel.isOpen()).isFalse();
    ByteBuffer one = ByteBuffer.allocate(1);
    List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> calls =
        List.of(
            () -> channel.read(one),
            () -> channel.read(one, 0),
            () -> channel.write(one),
            () -> channel.read(new ByteBuffer[] {one}),
            () -> channel.write(new ByteBuffer[] {one}, 0),
            channel::position,
            () -> channel.position(0),
            channel::size,
            () -> channel.truncate(0),
            channel::force,
            () -> channel.transferTo(0, 1, Channels.newChannel(OutputStream.nullOutputStream())));
    for (var call : calls) {
      assertThatThrownBy(call).isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void closingDuringReadsEndsThemOrLetsThemFinish() throws IOException {
    for (int round = 0; round < 20; round++) {
      ImageChannel channel = ImageChannel.open(rbd, name, OpenOptions.forReading());
      List<CompletableFuture<Void>> readers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        readers.add(
            Await.inBackground(
                () -> {
                  try {
                    while (true) {
                      channel.read(ByteBuffer.allocate(MIB), 0);
                    }
                  } catch (ClosedChannelException expected) {
                    return;
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                }));
      }
      channel.close();
      readers.forEach(CompletableFuture::join);
    }
  }

  @Test
  void buffersAreScatteredAndGathered() throws IOException {
    byte[] data = Bytes.random(3 * MIB + 30, 5);
    ByteBuffer[] parts = {
      direct(Arrays.copyOfRange(data, 0, MIB)),
      ByteBuffer.allocate(0),
      ByteBuffer.wrap(data, MIB, 2 * MIB),
      direct(Arrays.copyOfRange(data, 3 * MIB, data.length))
    };
    try (ImageChannel channel = ImageChannel.of(image)) {
      assertThat(channel.write(parts, 4 * MIB - 99)).isEqualTo(data.length);
      assertThat(channel.position()).isZero();
      assertThat(parts).allMatch(part -> !part.hasRemaining());
      Bytes.assertEqual(Bytes.of(image, 4 * MIB - 99, data.length), data);

      ByteBuffer[] back = {
        ByteBuffer.allocateDirect(10),
        ByteBuffer.allocate(MIB).position(MIB / 2),
        ByteBuffer.allocateDirect(4 * MIB)
      };
      assertThat(channel.position(4 * MIB - 99).read(back, 1, 1)).isEqualTo(MIB / 2);
      assertThat(channel.position()).isEqualTo(4 * MIB - 99 + MIB / 2);
      Bytes.assertEqual(
          Arrays.copyOfRange(back[1].array(), MIB / 2, MIB), Arrays.copyOf(data, MIB / 2));
      back[1].clear();
      assertThat(channel.read(back, SIZE - MIB)).as("short at the end").isEqualTo(MIB);
      assertThat(back[1].position()).isEqualTo(MIB - 10);
      assertThat(back[2].position()).isZero();
      assertThat(channel.read(new ByteBuffer[] {back[2]}, SIZE)).isEqualTo(-1);
      assertThatThrownBy(() -> channel.write(new ByteBuffer[] {direct(data)}, SIZE - 1))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void manyBuffersGoInSeveralCalls() throws IOException {
    ByteBuffer[] parts = new ByteBuffer[1500];
    byte[] data = Bytes.random(parts.length, 6);
    Arrays.setAll(parts, i -> ByteBuffer.wrap(data, i, 1));
    try (ImageChannel channel = ImageChannel.of(image)) {
      long done = 0;
      while (done < parts.length) {
        done += channel.write(parts);
      }
      assertThat(channel.position()).isEqualTo(parts.length);
    }
    Bytes.assertEqual(Bytes.of(image, 0, parts.length), data);
  }

  @Test
  void writersOnManyThreadsDoNotOverlapAtThePosition() throws IOException {
    int each = 200;
    int length = 1000;
    try (ImageChannel channel = ImageChannel.of(image)) {
      List<CompletableFuture<Void>> writers = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        byte[] block = new byte[length];
        Arrays.fill(block, (byte) (thread + 1));
        writers.add(
            Await.inBackground(
                () -> {
                  try {
                    for (int i = 0; i < each; i++) {
                      channel.write(ByteBuffer.wrap(block));
                    }
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                }));
      }
      writers.forEach(CompletableFuture::join);
      assertThat(channel.position()).isEqualTo(4L * each * length);
    }
    int[] blocks = new int[5];
    for (int i = 0; i < 4 * each; i++) {
      byte[] block = Bytes.of(image, (long) i * length, length);
      Set<Byte> values = new HashSet<>();
      for (byte value : block) {
        values.add(value);
      }
      assertThat(values).as("block " + i).hasSize(1);
      blocks[block[0]]++;
    }
    assertThat(blocks).containsExactly(0, each, each, each, each);
  }

  @Test
  void filesAreTransferredInBothDirections() throws IOException {
    byte[] data = Bytes.random(SIZE + 100, 7);
    Path source = Files.write(folder.resolve("source"), data);
    Path target = folder.resolve("target");
    try (ImageChannel channel = ImageChannel.of(image);
        FileChannel from = FileChannel.open(source);
        FileChannel to =
            FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThat(channel.transferFrom(from, 50, Long.MAX_VALUE))
          .as("no more than fits")
          .isEqualTo(SIZE - 50);
      assertThat(channel.transferFrom(from.position(0), 0, 50)).isEqualTo(50);
      assertThat(channel.transferFrom(from, SIZE + 1L, 50)).isZero();
      assertThat(channel.transferTo(40, SIZE, to)).isEqualTo(SIZE - 40);
      assertThat(channel.transferTo(SIZE + 1L, 50, to)).isZero();
      assertThat(channel.position()).isZero();
    }
    byte[] expected = new byte[SIZE];
    System.arraycopy(data, 0, expected, 50, SIZE - 50);
    System.arraycopy(data, 0, expected, 0, 50);
    Bytes.assertEqual(Bytes.of(image), expected);
    Bytes.assertEqual(Files.readAllBytes(target), Arrays.copyOfRange(expected, 40, SIZE));
    byte[] tool = ceph.tool("rbd", new byte[0], "export", "--no-progress", name, "-").output();
    Bytes.assertEqual(tool, expected);
  }

  @Test
  void aSourceThatEndsOrFailsIsReported() throws IOException {
    try (ImageChannel channel = ImageChannel.of(image, ImageChannelOption.RESIZE)) {
      byte[] data = Bytes.random(9 * MIB, 8);
      ReadableByteChannel source = Channels.newChannel(new java.io.ByteArrayInputStream(data));
      assertThat(channel.transferFrom(source, SIZE - 5, Long.MAX_VALUE)).isEqualTo(data.length);
      assertThat(image.size()).as("grown").isEqualTo(SIZE - 5 + data.length);
      Bytes.assertEqual(Bytes.of(image, SIZE - 5, data.length), data);
      source.close();
      assertThatThrownBy(() -> channel.transferFrom(source, 0, 1))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void aZipIsWrittenAndReadThroughTheChannel() throws IOException {
    byte[] large = Bytes.random(3 * MIB, 9);
    byte[] text =
        "words words words ".repeat(9999).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    rbd.create(name + "-zip", 0);
    try {
      ImageChannel target =
          ImageChannel.open(rbd, name + "-zip", OpenOptions.readWrite(), ImageChannelOption.RESIZE);
      try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(target)) {
        zip.putArchiveEntry(new ZipArchiveEntry("large.bin"));
        zip.write(large);
        zip.closeArchiveEntry();
        zip.putArchiveEntry(new ZipArchiveEntry("text.txt"));
        zip.write(text);
        zip.closeArchiveEntry();
      }
      assertThat(target.isOpen()).isFalse();
      ImageChannel source = ImageChannel.open(rbd, name + "-zip", OpenOptions.forReading());
      try (ZipFile zip = ZipFile.builder().setSeekableByteChannel(source).get()) {
        assertThat(zip.getInputStream(zip.getEntry("text.txt")).readAllBytes()).isEqualTo(text);
        Bytes.assertEqual(zip.getInputStream(zip.getEntry("large.bin")).readAllBytes(), large);
      }
      // Another program finds the same zip.
      Path file = folder.resolve("image.zip");
      ceph.rbd("export", "--no-progress", name + "-zip", file.toString());
      try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(file.toFile())) {
        Bytes.assertEqual(zip.getInputStream(zip.getEntry("large.bin")).readAllBytes(), large);
      }
    } finally {
      rbd.remove(name + "-zip");
    }
  }

  @Test
  void theOutputStreamWritesWhatTheInputStreamReads() throws IOException {
    byte[] data = Bytes.random(SIZE - 1000, 10);
    try (OutputStream out = new ImageOutputStream(image, 1000, 3)) {
      out.write(data, 0, 5);
      out.write(data[5]);
      for (int at = 6; at < data.length; ) {
        int part = Math.min(700_001, data.length - at);
        out.write(data, at, part);
        at += part;
      }
      assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
    }
    try (ImageInputStream in = new ImageInputStream(image)) {
      Bytes.assertZero(in.readNBytes(1000));
      assertThat(in.read()).isEqualTo(data[0] & 0xff);
      assertThat(in.available()).isPositive();
      Bytes.assertEqual(in.readAllBytes(), Arrays.copyOfRange(data, 1, data.length));
      assertThat(in.read()).isEqualTo(-1);
      assertThat(in.read(new byte[1])).isEqualTo(-1);
      assertThat(in.read(new byte[0])).isZero();
    }
    try (ImageInputStream part = new ImageInputStream(image, 1000, 9 * MIB, 2)) {
      assertThat(part.skip(100)).isEqualTo(100);
      assertThat(part.read()).isEqualTo(data[100] & 0xff);
      assertThat(part.skip(6 * MIB)).isEqualTo(6 * MIB);
      assertThat(part.read()).isEqualTo(data[101 + 6 * MIB] & 0xff);
      ByteArrayOutputStream rest = new ByteArrayOutputStream();
      assertThat(part.transferTo(rest)).isEqualTo(3 * MIB - 102);
      Bytes.assertEqual(rest.toByteArray(), Arrays.copyOfRange(data, 102 + 6 * MIB, 9 * MIB));
      assertThat(part.skip(1)).isZero();
    }
  }

  @Test
  void streamsEndWithTheImageAndWithThemselves() throws IOException {
    OutputStream out = new ImageOutputStream(image, SIZE - 10, 1);
    assertThatThrownBy(() -> out.write(new byte[11])).isInstanceOf(IOException.class);
    out.write(new byte[] {1, 2, 3});
    out.flush();
    assertThat(Bytes.of(image, SIZE - 10, 4)).containsExactly(1, 2, 3, 0);
    out.close();
    out.close();
    assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);

    ImageInputStream in = new ImageInputStream(image);
    assertThat(in.read()).isZero();
    in.close();
    in.close();
    assertThatThrownBy(in::read).isInstanceOf(IOException.class);
    assertThat(new ImageInputStream(image, SIZE + 5L, 10, 1).read()).isEqualTo(-1);
    assertThatThrownBy(() -> new ImageInputStream(image, -1, 10, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFailedWriteOfTheStreamIsReportedAtTheLatestByClose() throws IOException {
    try (Image reading = rbd.openReadOnly(name)) {
      OutputStream out = new ImageOutputStream(reading);
      out.write(new byte[100]);
      assertThatThrownBy(out::close)
          .isInstanceOf(NonWritableChannelException.class)
          .hasCauseInstanceOf(ReadOnlyImageException.class);
    }
  }

  @Test
  void whatAnotherHandleHasLockedCanBeWrittenLater() throws IOException {
    try (Image other = rbd.open(name);
        ImageChannel channel = ImageChannel.of(image)) {
      other.exclusiveLock().acquire(LockMode.EXCLUSIVE);
      assertThatThrownBy(() -> channel.write(direct(new byte[] {1}), 0))
          .isInstanceOf(IOException.class)
          .hasCauseInstanceOf(ReadOnlyImageException.class);
      assertThat(image.isWritable()).isTrue();
      other.exclusiveLock().release();
    }
    image.createSnapshot("old");
    image.setSnapshot("old");
    assertThat(image.isWritable()).isFalse();
    assertThatThrownBy(() -> ImageChannel.of(image).write(direct(new byte[] {1}), 0))
        .isInstanceOf(NonWritableChannelException.class);
    image.unsetSnapshot();
    assertThat(image.isWritable()).isTrue();
    try (Image reading = rbd.openReadOnly(name)) {
      assertThat(reading.isWritable()).isFalse();
    }
  }

  @Test
  void anImageThatShrinksUnderAStreamEndsItForGood() throws IOException {
    ImageOutputStream out = new ImageOutputStream(image, SIZE - 4L * MIB, 2);
    out.write(Bytes.random(MIB, 20));
    image.resize(SIZE - 4L * MIB, true);
    assertThatThrownBy(out::flush)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("smaller")
        .hasCauseInstanceOf(IllegalArgumentException.class);
    image.resize(SIZE, false);
    assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> out.write(new byte[8 * MIB])).isInstanceOf(IOException.class);
    assertThatThrownBy(out::flush)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("earlier write");
    assertThatThrownBy(out::close).isInstanceOf(IOException.class);
    out.close();
    Bytes.assertZero(Bytes.of(image, SIZE - 4L * MIB, 4 * MIB));
  }

  @Test
  void anInterruptedStreamLosesNothingAndGoesOn() throws IOException {
    byte[] data = Bytes.random(SIZE, 21);
    int interrupts = 0;
    AtomicBoolean written = new AtomicBoolean();
    Thread writer = Thread.currentThread();
    CompletableFuture<Void> interrupter =
        Await.inBackground(
            () -> {
              while (!written.get()) {
                if (writer.getState() == Thread.State.WAITING) {
                  writer.interrupt();
                }
                Thread.onSpinWait();
              }
            });
    try (ImageOutputStream out = new ImageOutputStream(image, 0, 1)) {
      for (int done = 0; done < SIZE; ) {
        try {
          int length = Math.min(4 * MIB, SIZE - done);
          out.write(data, done, length);
          done += length;
        } catch (InterruptedIOException e) {
          assertThat(Thread.interrupted()).isTrue();
          interrupts++;
          done += e.bytesTransferred;
        }
        if (done < SIZE && interrupts > 0) {
          done += writeOne(out, data[done]);
        }
      }
      written.set(true);
      interrupter.join();
      Thread.interrupted();
    } finally {
      written.set(true);
    }
    assertThat(interrupts).isPositive();
    Bytes.assertEqual(Bytes.of(image), data);
  }

  private static int writeOne(OutputStream out, byte value) throws IOException {
    try {
      out.write(value);
      return 1;
    } catch (InterruptedIOException e) {
      assertThat(Thread.interrupted()).isTrue();
      return e.bytesTransferred;
    }
  }

  @Test
  void manyTransfersReuseTheirNativeMemory() throws IOException {
    try (ImageChannel channel = ImageChannel.of(image)) {
      for (int i = 0; i < 50; i++) {
        channel.transferTo(0, SIZE, Channels.newChannel(OutputStream.nullOutputStream()));
      }
      long used = directMemory();
      for (int i = 0; i < 200; i++) {
        channel.transferTo(0, SIZE, Channels.newChannel(OutputStream.nullOutputStream()));
      }
      assertThat(directMemory() - used).as("bytes more").isLessThan(8 * MIB);
    }
  }

  private static long directMemory() {
    return java.lang.management.ManagementFactory.getPlatformMXBeans(
            java.lang.management.BufferPoolMXBean.class)
        .stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(java.lang.management.BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
