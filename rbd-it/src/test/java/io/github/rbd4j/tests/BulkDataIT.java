package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.nio.ImageInputStream;
import io.github.rbd4j.nio.ImageOutputStream;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import io.github.rbd4j.transfer.TransferOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How channels, streams and transfers move data: in which blocks, how many, through what memory.
 */
@CephTest
class BulkDataIT {
  private static final int MIB = 1 << 20;
  private static final int BLOCK = 4 * MIB;
  private static final int BLOCKS = 16;
  private static final int SIZE = BLOCKS * BLOCK;

  private final Rbd rbd;
  private final String name = Names.unique("bulk");
  private final String copy = name + "-copy";
  private final byte[] data = Bytes.random(SIZE, 1);
  @TempDir private Path folder;

  BulkDataIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, SIZE);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, data);
    }
  }

  @AfterEach
  void remove() {
    Sample.remove(rbd, name);
    Sample.remove(rbd, copy);
  }

  private static void assertBounded(List<RecordedEvent> events, int parallelism) {
    assertThat(events).hasSize(BLOCKS);
    assertThat(events).allSatisfy(e -> assertThat(e.getLong("length")).isEqualTo(BLOCK));
    assertThat(Recorded.mostAtOnce(events)).isBetween(Math.min(parallelism, 2), parallelism);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void asManyBlocksAsAllowedAreUnderWay(int parallelism) throws Exception {
    TransferOptions options = TransferOptions.defaults().parallelism(parallelism);
    Path file = folder.resolve("raw");
    List<RecordedEvent> events =
        Recorded.events(
            folder,
            () -> {
              new ImageExporter(rbd, options).raw(name, null, file);
              new ImageImporter(rbd, options).raw(file, copy, new ImageOptions());
            });
    assertBounded(Recorded.of(events, "Read", name), parallelism);
    assertBounded(Recorded.of(events, "Write", copy), parallelism);
    Bytes.assertEqual(Sample.read(rbd, copy), data);
  }

  @Test
  void theMemoryOfATransferIsBounded() throws IOException {
    int parallelism = 3;
    long before = directMemory();
    AtomicLong most = new AtomicLong();
    TransferOptions options =
        TransferOptions.defaults()
            .parallelism(parallelism)
            .listener(progress -> most.accumulateAndGet(directMemory(), Math::max));
    Path file = folder.resolve("raw");
    new ImageExporter(rbd, options).raw(name, null, file);
    new ImageImporter(rbd, options).raw(file, copy, new ImageOptions());
    assertThat(most.get() - before).isLessThanOrEqualTo((parallelism + 1L) * BLOCK + MIB);
  }

  private static long directMemory() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  @Test
  void betweenFilesAndImagesNothingGoesThroughTheHeap() throws IOException {
    Path file = folder.resolve("file");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Image image = rbd.open(name);
        ImageChannel channel = ImageChannel.of(image);
        FileChannel target =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      long start = threads.getCurrentThreadAllocatedBytes();
      assertThat(channel.transferTo(0, SIZE, target)).isEqualTo(SIZE);
      assertThat(channel.transferFrom(target.position(0), 0, SIZE)).isEqualTo(SIZE);
      assertThat(threads.getCurrentThreadAllocatedBytes() - start).isLessThan(2L * SIZE / 64);
    }
    Bytes.assertEqual(Files.readAllBytes(file), data);
    Bytes.assertEqual(Sample.read(rbd, name), data);
  }

  @Test
  void theInputStreamReadsAheadInLargeBlocks() throws Exception {
    List<RecordedEvent> events =
        Recorded.events(
            folder,
            () -> {
              try (Image image = rbd.open(name);
                  InputStream in = new ImageInputStream(image, 0, SIZE, 4)) {
                byte[] small = new byte[1000];
                int at = 0;
                for (int count = in.read(small); count >= 0; count = in.read(small)) {
                  assertThat(Arrays.mismatch(small, 0, count, data, at, at + count)).isEqualTo(-1);
                  at += count;
                }
                assertThat(at).isEqualTo(SIZE);
              }
            });
    assertBounded(Recorded.of(events, "Read", name), 4);
  }

  @Test
  void theInputStreamHasBegunToReadWhatComesNext() throws Exception {
    List<RecordedEvent> events =
        Recorded.events(
            folder,
            () -> {
              try (Image image = rbd.open(name);
                  InputStream in = new ImageInputStream(image, 0, SIZE, 3)) {
                assertThat(in.read()).isEqualTo(data[0] & 0xff);
              }
            });
    assertThat(Recorded.of(events, "Read", name))
        .extracting(event -> event.getLong("offset"))
        .containsExactly(0L, (long) BLOCK, 2L * BLOCK);
  }

  @Test
  void theOutputStreamCollectsLargeBlocks() throws Exception {
    byte[] other = Bytes.random(SIZE, 2);
    List<RecordedEvent> events =
        Recorded.events(
            folder,
            () -> {
              try (Image image = rbd.open(name);
                  OutputStream out = new ImageOutputStream(image, 0, 4)) {
                for (int at = 0; at < SIZE; at += 1000) {
                  out.write(other, at, Math.min(1000, SIZE - at));
                }
              }
            });
    assertBounded(Recorded.of(events, "Write", name), 4);
    Bytes.assertEqual(Sample.read(rbd, name), other);
  }
}
