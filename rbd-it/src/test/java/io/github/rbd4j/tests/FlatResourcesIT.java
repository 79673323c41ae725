package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done often costs nothing that stays: after a warm-up, the memory, the threads and the
 * open files of this process are flat. The bounds are far below what a leak would make: 32 MiB are
 * 33 KiB for each of 1,000 cycles (an open image has more) and 168 bytes for each of 200,000 reads.
 */
@CephTest
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FlatResourcesIT {
  private static final Logger LOG = LoggerFactory.getLogger(FlatResourcesIT.class);
  private static final long MAX_GROWTH = 32 << 20;
  private static final int MORE_THREADS = 2;
  private static final int MORE_FILES = 2;

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("flat");

  FlatResourcesIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, 8 << 20);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, new byte[4 << 20]);
    }
  }

  @AfterEach
  void remove() {
    rbd.remove(name);
  }

  @FunctionalInterface
  private interface Work {
    void run(int times) throws Exception;
  }

  private static void assertFlat(String what, int warmUp, int times, Work work) throws Exception {
    work.run(warmUp);
    Resources before = Resources.now();
    long start = System.nanoTime();
    work.run(times);
    double seconds = (System.nanoTime() - start) / 1e9;
    Resources after = Resources.now();
    LOG.info(
        "{} {} in {} s: RSS {} KiB, threads {}, files {}",
        times,
        what,
        "%.1f".formatted(seconds),
        (after.memory() - before.memory()) >> 10,
        after.threads() - before.threads(),
        after.files() - before.files());
    assertThat(after.memory() - before.memory()).as("growth of RSS").isLessThan(MAX_GROWTH);
    assertThat(after.threads() - before.threads())
        .as("more threads")
        .isLessThanOrEqualTo(MORE_THREADS);
    assertThat(after.files() - before.files()).as("more files").isLessThanOrEqualTo(MORE_FILES);
    assertThat(after.direct()).as("direct buffers").isEqualTo(before.direct());
    assertThat(Upcalls.registered()).isZero();
  }

  @Test
  void openingAndClosing() throws Exception {
    assertFlat(
        "times open and close",
        200,
        1_000,
        times -> {
          for (int i = 0; i < times; i++) {
            try (Image image = (i & 1) == 0 ? rbd.open(name) : rbd.openReadOnly(name)) {
              image.readAt(0, new byte[1]);
            }
          }
        });
  }

  /** Four threads on one image: alone, the round trips would take a minute. */
  @Test
  void smallReads() throws Exception {
    try (Image image = rbd.open(name)) {
      assertFlat(
          "reads of 4 KiB",
          40_000,
          200_000,
          times -> {
            List<Thread> threads = new ArrayList<>();
            AtomicLong read = new AtomicLong();
            for (int t = 0; t < 4; t++) {
              threads.add(Thread.ofPlatform().start(() -> read.addAndGet(read(image, times / 4))));
            }
            for (Thread thread : threads) {
              thread.join();
            }
            assertThat(read).hasValue(4096L * times);
          });
    }
  }

  /** Reads through each kind of memory in turn; returns how many bytes. */
  private static long read(Image image, int times) {
    try (Arena arena = Arena.ofConfined()) {
      byte[] heap = new byte[4096];
      MemorySegment segment = arena.allocate(4096);
      ByteBuffer direct = segment.asByteBuffer();
      long bytes = 0;
      for (int i = 0; i < times; i++) {
        long offset = (i & 1023) * 4096L;
        bytes +=
            switch (i % 3) {
              case 0 -> image.readAt(offset, heap);
              case 1 -> image.readAt(offset, segment);
              default -> image.readAt(offset, direct.clear());
            };
      }
      return bytes;
    }
  }

  @Test
  void callsThatListAndCallBack() throws Exception {
    try (Image image = rbd.open(name)) {
      image.createSnapshot("s");
      image.setMetadata("key", "value");
      assertFlat(
          "rounds of lists, metadata, diffs and pools",
          500,
          1_000,
          times -> {
            for (int i = 0; i < times; i++) {
              image.snapshots();
              image.metadata();
              image.diff(DiffOptions.sinceBeginning());
              image.info();
              try (IoContext io = rbd.ioContext().withNamespace("")) {
                new Rbd(io).list();
              }
            }
          });
      image.snapshots().forEach(snapshot -> image.removeSnapshot(snapshot.id()));
    }
  }

  @Test
  void connecting() throws Exception {
    assertFlat(
        "connections",
        20,
        50,
        times -> {
          for (int i = 0; i < times; i++) {
            try (Cluster cluster = ceph.client().connect();
                Image image = new Rbd(cluster.ioContext("rbd")).open(name)) {
              image.readAt(0, new byte[1]);
            }
          }
        });
  }
}
