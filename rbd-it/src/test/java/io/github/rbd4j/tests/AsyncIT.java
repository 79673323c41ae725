package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.AsyncOptions.WhenFull;
import io.github.rbd4j.Image;
import io.github.rbd4j.IoFlag;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Asynchronous operations: the same bytes, in the background, and nothing lost at the edges. */
@CephTest
class AsyncIT {
  private static final int MIB = 1 << 20;
  private static final long SIZE = 16 * MIB;

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("async");
  private Image image;
  private AsyncImage async;

  AsyncIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @BeforeEach
  void open() {
    rbd.create(name, SIZE);
    image = rbd.open(name);
    async = image.async();
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
    assertThat(Upcalls.registered()).isZero();
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  @Test
  void memoryOfEveryKindComesBack() throws Exception {
    byte[] data = random(MIB + 77, 1);
    try (Arena shared = Arena.ofShared()) {
      List<MemorySegment> sources =
          List.of(
              MemorySegment.ofArray(data),
              shared.allocateFrom(ValueLayout.JAVA_BYTE, data),
              Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, data),
              Arena.global().allocateFrom(ValueLayout.JAVA_BYTE, data));
      List<MemorySegment> targets =
          List.of(
              MemorySegment.ofArray(new byte[data.length]),
              shared.allocate(data.length),
              Arena.ofAuto().allocate(data.length),
              Arena.global().allocate(data.length));
      for (int i = 0; i < sources.size(); i++) {
        get(async.write(i * 1000L, sources.get(i), Set.of(IoFlag.FUA)));
        assertThat(get(async.read(i * 1000L, targets.get(i), Set.of(IoFlag.RANDOM))))
            .isEqualTo(data.length);
        assertThat(targets.get(i).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
      }
      ByteBuffer direct = ByteBuffer.allocateDirect(512);
      assertThat(get(async.read(3000, direct))).isEqualTo(512);
      byte[] start = new byte[512];
      direct.get(start);
      assertThat(start).isEqualTo(Arrays.copyOf(data, 512));
    }
  }

  @Test
  void memoryThatIsFreedWhileItIsReadDoesNoHarm() throws Exception {
    image.writeAt(0, random(MIB, 2));
    for (int i = 0; i < 50; i++) {
      CompletableFuture<Long> read;
      try (Arena arena = Arena.ofShared()) {
        read = async.read(0, arena.allocate(MIB));
      }
      try {
        assertThat(get(read)).isEqualTo(MIB); // it was done before the arena was closed
      } catch (ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(IllegalStateException.class);
      }
    }
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment target = confined.allocate(512);
      assertThatThrownBy(() -> async.read(0, target))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("confined");
      get(async.write(0, confined.allocateFrom(ValueLayout.JAVA_BYTE, random(512, 3))));
    }
  }

  @Test
  void vectorsAreScatteredAndGathered() throws Exception {
    byte[] data = random(10_000, 4);
    MemorySegment all = MemorySegment.ofArray(data);
    MemorySegment automatic = Arena.ofAuto().allocate(3_000).copyFrom(all.asSlice(2_000, 3_000));
    get(async.writev(500, List.of(all.asSlice(0, 2_000), automatic, all.asSlice(5_000))));
    MemorySegment one = Arena.ofAuto().allocate(4_000);
    MemorySegment other = MemorySegment.ofArray(new byte[6_000]);
    assertThat(get(async.readv(500, List.of(one, other)))).isEqualTo(10_000);
    assertThat(one.mismatch(all.asSlice(0, 4_000))).isEqualTo(-1);
    assertThat(other.mismatch(all.asSlice(4_000))).isEqualTo(-1);
    assertThat(get(async.readv(SIZE - 5_000, List.of(one, other)))).isEqualTo(5_000);
    assertThatThrownBy(() -> async.readv(0, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theEndOfTheImageIsSeenAsBySynchronousCalls() throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(512);
    assertThat(get(async.read(SIZE - 100, target))).isEqualTo(100);
    assertThat(get(async.read(SIZE, target))).isEqualTo(-1);
    assertThat(get(async.read(Long.MAX_VALUE, target))).isEqualTo(-1);
    assertThatThrownBy(() -> async.write(SIZE - 100, target))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("512 bytes at offset");
    assertThatThrownBy(() -> async.discard(0, SIZE + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> async.read(-1, target)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void zeroesPatternsAndComparesWork() throws Exception {
    byte[] data = random(MIB, 5);
    get(async.write(0, MemorySegment.ofArray(data)));
    get(async.writeZeroes(1000, 1000, false));
    get(async.writeSame(4096, 1024, MemorySegment.ofArray(new byte[] {1, 2})));
    get(async.discard(4L * MIB, 4L * MIB));
    get(async.flush());
    byte[] back = new byte[MIB];
    image.readAt(0, back);
    assertThat(Arrays.copyOfRange(back, 1000, 2000)).containsOnly(0);
    assertThat(back[4096]).isEqualTo((byte) 1);
    assertThat(back[5119]).isEqualTo((byte) 2);
    assertThat(back[5120]).isEqualTo(data[5120]);

    byte[] sector = Arrays.copyOfRange(back, 8192, 8704);
    byte[] next = random(512, 6);
    MemorySegment expected = MemorySegment.ofArray(sector);
    assertThat(get(async.compareAndWrite(8192, expected, MemorySegment.ofArray(next))))
        .isEqualTo(OptionalLong.empty());
    next[9]++;
    assertThat(get(async.compareAndWrite(8192, MemorySegment.ofArray(next), expected)))
        .isEqualTo(OptionalLong.of(9));
  }

  @Test
  void severalPiecesAreComparedAndWritten() throws Exception {
    byte[] old = random(512, 10);
    byte[] next = random(512, 11);
    image.writeAt(512, old);
    List<MemorySegment> expected = pieces(old, 100);
    List<MemorySegment> replacement = pieces(next, 300);
    if (!NativeSymbols.has("rbd_aio_compare_and_writev")) {
      assertUnsupported(
          "rbd_aio_compare_and_writev", () -> async.compareAndWrite(512, expected, replacement));
      return;
    }
    assertThat(get(async.compareAndWrite(512, expected, replacement)))
        .isEqualTo(OptionalLong.empty());
    byte[] back = new byte[512];
    image.readAt(512, back);
    assertThat(back).isEqualTo(next);
    next[200]++;
    assertThat(get(async.compareAndWrite(512, pieces(next, 77), expected)))
        .isEqualTo(OptionalLong.of(200));
    assertThatThrownBy(() -> async.compareAndWrite(512, expected, pieces(new byte[511], 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("differ in length");
  }

  /** The first bytes on the heap, the others in native memory. */
  private static List<MemorySegment> pieces(byte[] data, int first) {
    MemorySegment all = MemorySegment.ofArray(data);
    return List.of(
        all.asSlice(0, first),
        Arena.ofAuto().allocate(data.length - first).copyFrom(all.asSlice(first)));
  }

  @Test
  void aChecksumGoesWithTheData() throws Exception {
    byte[] data = random(64 << 10, 12);
    MemorySegment source = MemorySegment.ofArray(data);
    CRC32C checksum = new CRC32C();
    checksum.update(data);
    if (!NativeSymbols.has("rbd_aio_write_with_crc32c")) {
      assertUnsupported(
          "rbd_aio_write_with_crc32c", () -> async.write(0, source, checksum.getValue(), Set.of()));
      return;
    }
    get(async.write(4096, source, checksum.getValue(), Set.of(IoFlag.FUA)));
    byte[] back = new byte[data.length];
    image.readAt(4096, back);
    assertThat(back).isEqualTo(data);
    assertThatThrownBy(() -> get(async.write(4096, source, checksum.getValue() ^ 1, Set.of())))
        .hasCauseInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("checksum");
  }

  @Test
  void failuresComeOutOfTheFuture() {
    try (Image readOnly = rbd.openReadOnly(name)) {
      CompletableFuture<Void> write =
          readOnly.async().write(0, MemorySegment.ofArray(new byte[512]));
      assertThatThrownBy(() -> get(write)).hasCauseInstanceOf(ReadOnlyImageException.class);
    }
  }

  @Test
  void aFullQueueBlocksFailsOrQueues() throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(MIB);
    for (WhenFull behaviour : WhenFull.values()) {
      AsyncImage narrow = image.async(AsyncOptions.defaults().queueDepth(2).whenFull(behaviour));
      List<CompletableFuture<Long>> reads = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        reads.add(narrow.read(0, target));
      }
      int rejected = 0;
      for (CompletableFuture<Long> read : reads) {
        try {
          assertThat(get(read)).isEqualTo(MIB);
        } catch (ExecutionException e) {
          assertThat(e.getCause()).isInstanceOf(RejectedExecutionException.class);
          rejected++;
        }
      }
      if (behaviour == WhenFull.FAIL) {
        assertThat(rejected).isBetween(1, 198);
      } else {
        assertThat(rejected).isZero();
      }
    }
  }

  @Test
  void aDeadlineFailsTheFutureAndNotTheOperation() throws Exception {
    BlockingQueue<Runnable> held = new LinkedBlockingQueue<>();
    byte[] data = random(MIB, 7);
    try (Cluster slow = ceph.client().executor(held::add).connect();
        IoContext io = slow.ioContext("rbd");
        Image other = new Rbd(io).open(name)) {
      AsyncImage hasty = other.async(AsyncOptions.defaults().deadline(Duration.ofMillis(10)));
      CompletableFuture<Void> write = hasty.write(0, MemorySegment.ofArray(data));
      assertThatThrownBy(() -> get(write)).hasCauseInstanceOf(TimeoutException.class);
      held.take().run(); // the operation ends, and lets the image be closed
    }
    byte[] back = new byte[MIB];
    image.readAt(0, back);
    assertThat(back).isEqualTo(data);
  }

  @Test
  void closingWaitsForWhatIsInFlightAndRefusesTheRest() throws Exception {
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    byte[] data = random(64 << 10, 8);
    for (int i = 0; i < 200; i++) {
      writes.add(async.write(i * 65536L % SIZE, MemorySegment.ofArray(data)));
    }
    image.close();
    for (CompletableFuture<Void> write : writes) {
      get(write);
    }
    CompletableFuture<Void> late = async.flush();
    assertThatThrownBy(() -> get(late))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }

  @Test
  void whatDependsOnAFutureMayBlockAndCloseTheImage() throws Exception {
    byte[] back = new byte[512];
    get(
        async
            .flush()
            .thenRun(() -> image.readAt(0, back))
            .thenRun(() -> image.createSnapshot("s"))
            .thenRun(image::close));
    assertThat(image.isClosed()).isTrue();
    try (Image again = rbd.open(name)) {
      again.snapshot("s").remove();
    }
  }

  @Test
  void aBlockingCallOnTheThreadOfLibrbdIsRefused() throws Exception {
    AsyncImage direct = image.async(AsyncOptions.defaults().onLibrbdThread(true));
    AtomicReference<Throwable> refused = new AtomicReference<>();
    AtomicReference<Thread> thread = new AtomicReference<>();
    MemorySegment target = Arena.ofAuto().allocate(4 * MIB);
    // Until one is not done before the dependent is added, which then runs where the read ends.
    while (thread.get() == null || thread.get() == Thread.currentThread()) {
      get(
          direct
              .read(0, target)
              .thenAccept(
                  count -> {
                    thread.set(Thread.currentThread());
                    try {
                      image.flush();
                    } catch (IllegalStateException e) {
                      refused.set(e);
                    }
                  }));
    }
    assertThat(refused.get()).hasMessageContaining("inside a callback");
    assertThat(thread.get().isVirtual()).isFalse();
  }
}
