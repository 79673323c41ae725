package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.AsyncOptions.WhenFull;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What holds while nothing gets done: the only OSD is paused, so that operations stay in flight.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AsyncLimitsIT {
  private static final int MIB = 1 << 20;
  private static final long SIZE = 16 * MIB;

  private static CephCluster ceph;
  private static Cluster cluster;

  private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
  private final String name = Names.unique("limits");
  private Rbd rbd;
  private Image image;
  private boolean paused;

  @BeforeAll
  static void start() {
    ceph = CephCluster.start();
    // The cache would take writes although no OSD does.
    cluster = ceph.client().option("rbd_cache", "false").connect();
  }

  @AfterAll
  static void stop() {
    cluster.close();
    ceph.close();
  }

  @BeforeEach
  void open() {
    rbd = new Rbd(cluster.ioContext("rbd"));
    rbd.create(name, SIZE);
    image = rbd.open(name);
    image.writeAt(0, new byte[512]); // so that it owns the lock
    image.flush();
  }

  @AfterEach
  void remove() {
    resume();
    image.close();
    rbd.remove(name);
    rbd.ioContext().close();
    assertThat(Upcalls.registered()).isZero();
  }

  private void pause() {
    ceph.daemon(DaemonAction.PAUSE, "osd.0");
    paused = true;
  }

  private void resume() {
    if (paused) {
      ceph.daemon(DaemonAction.RESUME, "osd.0");
      paused = false;
    }
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private static MemorySegment heap(int length) {
    return MemorySegment.ofArray(new byte[length]);
  }

  private AsyncImage async(int depth, WhenFull whenFull) {
    return image.async(
        AsyncOptions.defaults().queueDepth(depth).whenFull(whenFull).stagingBytes(MIB));
  }

  @Test
  void oneTooManyIsRefused() throws Exception {
    AsyncImage async = async(2, WhenFull.FAIL);
    pause();
    List<CompletableFuture<Long>> inFlight =
        List.of(async.read(0, heap(512)), async.read(0, heap(512)));
    CompletableFuture<Long> more = async.read(0, heap(512));
    assertThatThrownBy(() -> get(more)).hasCauseInstanceOf(RejectedExecutionException.class);
    resume();
    for (CompletableFuture<Long> read : inFlight) {
      assertThat(get(read)).isEqualTo(512);
    }
    assertThat(get(async.read(0, heap(512)))).isEqualTo(512);
  }

  @Test
  void stagingMemoryIsBounded() throws Exception {
    AsyncImage async = async(100, WhenFull.FAIL);
    MemorySegment direct = Arena.ofAuto().allocate(MIB);
    pause();
    CompletableFuture<Long> first = async.read(0, heap(MIB / 2));
    CompletableFuture<Long> second = async.read(0, heap(MIB / 2));
    CompletableFuture<Long> third = async.read(0, heap(1));
    CompletableFuture<Long> free = async.read(0, direct);
    assertThatThrownBy(() -> get(third))
        .hasCauseInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("1048576 bytes of native memory");
    assertThat(first.isDone() || second.isDone() || free.isDone()).isFalse();
    resume();
    assertThat(get(first) + get(second) + get(free)).isEqualTo(2 * MIB);
    assertThat(get(async.read(0, heap(MIB)))).isEqualTo(MIB);
    assertThatThrownBy(() -> async.read(0, heap(MIB + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("staging memory");
  }

  @Test
  void oneThatNeedsMuchMemoryGetsItsTurn() throws Exception {
    AsyncImage async = async(100, WhenFull.QUEUE);
    List<CompletableFuture<Long>> reads = new ArrayList<>();
    pause();
    for (int i = 0; i < 100; i++) {
      reads.add(async.read(0, heap(i % 10 == 5 ? MIB : 64 << 10)));
    }
    resume();
    for (int i = 0; i < reads.size(); i++) {
      assertThat(get(reads.get(i))).isEqualTo(i % 10 == 5 ? MIB : 64 << 10);
    }
  }

  @Test
  void theCallerWaitsForAPlaceButNotBeyondItsDeadline() throws Exception {
    AsyncImage async = async(1, WhenFull.BLOCK);
    pause();
    CompletableFuture<Long> first = async.read(0, heap(512));
    AsyncImage hasty = async.withDeadline(Duration.ofMillis(100));
    CompletableFuture<Long> second = hasty.read(0, heap(512));
    assertThatThrownBy(() -> get(second)).hasCauseInstanceOf(TimeoutException.class);
    CompletableFuture<Long> third = new CompletableFuture<>();
    Thread waiting =
        Thread.ofPlatform()
            .start(
                () -> {
                  var _ =
                      async
                          .read(0, heap(512))
                          .whenComplete((count, _) -> third.complete(count == null ? -7 : count));
                });
    Await.until("the caller waits", () -> waiting.getState() == Thread.State.WAITING);
    assertThat(first.isDone()).isFalse();
    resume();
    assertThat(get(first)).isEqualTo(512);
    assertThat(get(third)).isEqualTo(512);
  }

  @Test
  void aCancelledOperationIsDoneIfItIsInFlightAndNotIfItWaits() throws Exception {
    AsyncImage async = async(1, WhenFull.QUEUE);
    byte[] data = Checks.random(512, 1);
    pause();
    CompletableFuture<Void> inFlight = async.write(0, MemorySegment.ofArray(data));
    CompletableFuture<Void> waiting = async.write(0, heap(512));
    CompletableFuture<Void> last = async.write(512, MemorySegment.ofArray(data));
    assertThat(inFlight.cancel(true)).isTrue();
    assertThat(waiting.cancel(true)).isTrue();
    assertThatThrownBy(() -> get(waiting)).isInstanceOf(CancellationException.class);
    assertThat(last.isDone()).isFalse(); // the first one keeps its place
    resume();
    get(last);
    byte[] back = new byte[1024];
    image.readAt(0, back);
    assertThat(Arrays.copyOf(back, 512)).isEqualTo(data);
    assertThat(Arrays.copyOfRange(back, 512, 1024)).isEqualTo(data);
  }

  @Test
  void aReadThatWasGivenUpHarmsNothing() throws Exception {
    AsyncImage async = async(256, WhenFull.BLOCK);
    byte[] data = Checks.random(4096, 2);
    image.writeAt(0, data);
    pause();
    List<byte[]> targets = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      byte[] target = new byte[4096];
      targets.add(target);
      if (i % 2 == 0) {
        var _ = async.read(0, MemorySegment.ofArray(target)).cancel(true);
      } else {
        try (Arena arena = Arena.ofShared()) {
          var _ = async.read(0, arena.allocate(4096)).cancel(true);
        }
      }
    }
    System.gc();
    resume();
    assertThat(get(async.read(0, heap(4096)))).isEqualTo(4096);
    Await.until("all have ended", () -> Upcalls.registered() == 0);
    byte[] back = new byte[4096];
    image.readAt(0, back);
    assertThat(back).isEqualTo(data);
    assertThat(targets).allMatch(target -> Arrays.equals(target, data) || isZero(target));
  }

  private static boolean isZero(byte[] bytes) {
    return Arrays.equals(bytes, new byte[bytes.length]);
  }

  @Test
  void eachCallMayHaveItsDeadline() throws Exception {
    AsyncImage async = async(10, WhenFull.BLOCK);
    pause();
    CompletableFuture<Long> patient = async.read(0, heap(512));
    CompletableFuture<Void> hasty = async.withDeadline(Duration.ofMillis(50)).write(0, heap(512));
    CompletableFuture<Void> hastyFlush = async.withDeadline(Duration.ofMillis(50)).flush();
    assertThatThrownBy(() -> get(hasty))
        .hasCauseInstanceOf(TimeoutException.class)
        .hasMessageContaining("write image rbd/" + name + " is not done after PT0.05S");
    assertThatThrownBy(() -> get(hastyFlush)).hasCauseInstanceOf(TimeoutException.class);
    assertThat(patient.isDone()).isFalse();
    resume();
    assertThat(get(patient)).isEqualTo(512);
  }

  @Test
  void aCloseLetsFuturesWaitForSoLong() throws Exception {
    Image other = rbd.open(name);
    AsyncImage async =
        other.async(
            AsyncOptions.defaults()
                .queueDepth(1)
                .whenFull(WhenFull.QUEUE)
                .drainTimeout(Duration.ofMillis(200)));
    pause();
    CompletableFuture<Long> inFlight = async.read(0, heap(512));
    CompletableFuture<Long> waiting = async.read(0, heap(512));
    CompletableFuture<Void> closing = Await.inBackground(other::close);
    assertThatThrownBy(() -> get(inFlight))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("read image rbd/" + name)
        .hasMessageContaining("not known");
    assertThatThrownBy(() -> get(waiting))
        .hasCauseInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
    assertThat(closing.isDone()).isFalse(); // librbd still has the memory
    resume();
    get(closing);
  }

  @Test
  void anExecutorThatDoesNothingDoesNotKeepAnImageOpen() throws Exception {
    try (Cluster stuck = ceph.client().executor(held::add).connect();
        IoContext io = stuck.ioContext("rbd")) {
      Image other = new Rbd(io).open(name);
      AsyncImage async = other.async(AsyncOptions.defaults().drainTimeout(Duration.ofMillis(200)));
      byte[] target = new byte[512];
      Arrays.fill(target, (byte) 1);
      CompletableFuture<Long> read = async.read(0, MemorySegment.ofArray(target));
      Await.until("it is done", () -> !held.isEmpty());
      assertThat(read.isDone()).isFalse();
      other.close();
      assertThat(get(read)).isEqualTo(512);
      assertThat(target).containsOnly(0);
      held.remove().run(); // too late, and harmless
    }
  }

  @Test
  void memoryThatIsConfinedCannotWait() {
    AsyncImage async = async(1, WhenFull.QUEUE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(512);
      assertThatThrownBy(() -> async.write(0, source))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("confined");
      assertThatThrownBy(() -> async.writev(0, List.of(source)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("confined");
    }
  }

  @Test
  void optionsThatCannotBeMeantAreRefused() {
    AsyncOptions options = AsyncOptions.defaults();
    for (Runnable wrong :
        List.<Runnable>of(
            () -> options.queueDepth(0),
            () -> options.stagingBytes(MIB - 1),
            () -> options.drainTimeout(Duration.ZERO),
            () -> options.deadline(Duration.ofSeconds(-1)))) {
      assertThatThrownBy(wrong::run).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
