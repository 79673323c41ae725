package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.AsyncOptions.WhenFull;
import io.github.rbd4j.Image;
import io.github.rbd4j.IncompleteWriteException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What holds while nothing gets done: the only OSD is paused, so that operations stay in flight.
 */
@Tag(Tags.LOCAL_DAEMONS)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AsyncLimitsIT {
  private static final int MIB = 1 << 20;
  private static final long SIZE = 16 * MIB;

  private static CephCluster ceph;
  private static Cluster cluster;

  private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
  private static final AsyncOptions ONE_AT_A_TIME =
      AsyncOptions.defaults()
          .queueDepth(1)
          .whenFull(WhenFull.QUEUE)
          .drainTimeout(Duration.ofMillis(200));

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
    AsyncImage async = other.async(ONE_AT_A_TIME);
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
  void whatWaitsForAPlaceFailsWhenTheImageIsClosed() throws Exception {
    for (WhenFull whenFull : List.of(WhenFull.BLOCK, WhenFull.QUEUE)) {
      Image other = rbd.open(name);
      AsyncImage async = other.async(AsyncOptions.defaults().queueDepth(1).whenFull(whenFull));
      pause();
      CompletableFuture<Long> inFlight = async.read(0, heap(512));
      CompletableFuture<CompletableFuture<Long>> waiting = new CompletableFuture<>();
      Thread caller = Thread.ofPlatform().start(() -> waiting.complete(async.read(0, heap(512))));
      CompletableFuture<Long> after = inFlight;
      if (whenFull == WhenFull.BLOCK) {
        Await.until("the caller waits", () -> caller.getState() == Thread.State.WAITING);
      } else { // what depends on it may wait for what is in flight
        after = get(waiting).exceptionally(_ -> inFlight.join());
      }
      CompletableFuture<Void> closing = Await.inBackground(other::close);
      // Not get(): that would help with what depends on the future, and so wait here.
      Await.until("what waited has failed", get(waiting)::isDone);
      assertThat(get(waiting).exceptionNow())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is closed");
      assertThat(inFlight.isDone() || closing.isDone()).isFalse();
      resume();
      assertThat(get(inFlight)).isEqualTo(512);
      assertThat(get(after)).isEqualTo(512);
      get(closing);
    }
  }

  @Test
  void anInterruptEndsTheWaitForAPlace() throws Exception {
    AsyncImage async = async(1, WhenFull.BLOCK);
    pause();
    CompletableFuture<Long> first = async.read(0, heap(512));
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    CompletableFuture<CompletableFuture<Long>> second = new CompletableFuture<>();
    Thread waiting =
        Thread.ofPlatform()
            .start(
                () -> {
                  second.complete(async.read(0, heap(512)));
                  interrupted.complete(Thread.currentThread().isInterrupted());
                });
    Await.until("the caller waits", () -> waiting.getState() == Thread.State.WAITING);
    waiting.interrupt();
    assertThatThrownBy(() -> get(get(second))).hasCauseInstanceOf(InterruptedException.class);
    assertThat(get(interrupted)).isTrue();
    resume();
    assertThat(get(first)).isEqualTo(512);
    assertThat(get(async.read(0, heap(512)))).isEqualTo(512); // the place was given back
  }

  @Test
  void directBuffersTakeNoStagingMemory() throws Exception {
    AsyncImage async = async(100, WhenFull.FAIL);
    image.writeAt(0, Checks.random(2 * MIB, 3));
    ByteBuffer target = ByteBuffer.allocateDirect(2 * MIB);
    pause();
    CompletableFuture<Long> read = async.read(0, target);
    CompletableFuture<Void> write = async.write(4 * MIB, target.duplicate().limit(MIB));
    CompletableFuture<Long> copied = async.read(0, heap(MIB));
    assertThat(read.isDone() || write.isDone() || copied.isDone()).isFalse();
    resume();
    assertThat(get(read)).isEqualTo(2 * MIB);
    assertThat(get(copied)).isEqualTo(MIB);
    get(write);
    byte[] back = new byte[2 * MIB];
    target.get(back);
    assertThat(back).isEqualTo(Checks.random(2 * MIB, 3));
  }

  @Test
  void aDeadlineDoesNotDependOnTheCommonPool() throws Exception {
    AsyncImage async = async(1, WhenFull.QUEUE);
    CountDownLatch over = new CountDownLatch(1);
    try {
      // As many as the pool has threads, and more than it would add.
      for (int i = 0; i < 2 * ForkJoinPool.getCommonPoolParallelism() + 64; i++) {
        var _ = CompletableFuture.runAsync(() -> awaitUninterruptibly(over));
      }
      pause();
      CompletableFuture<Long> inFlight = async.read(0, heap(512));
      CompletableFuture<Long> waiting =
          async.withDeadline(Duration.ofMillis(50)).read(0, heap(512));
      assertThatThrownBy(() -> get(waiting)).hasCauseInstanceOf(TimeoutException.class);
      resume();
      assertThat(get(inFlight)).isEqualTo(512);
    } finally {
      over.countDown();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatWasCancelledWhileItWaitedKeepsNoMemory() throws Exception {
    AsyncImage async =
        image.async(
            AsyncOptions.defaults()
                .queueDepth(1)
                .whenFull(WhenFull.QUEUE)
                .deadline(ChronoUnit.FOREVER.getDuration()));
    pause();
    CompletableFuture<Long> inFlight = async.read(0, heap(512));
    List<WeakReference<byte[]>> targets = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      targets.add(cancelled(async));
    }
    Await.until(
        "nothing refers to the memory",
        () -> {
          System.gc();
          return targets.stream().allMatch(target -> target.get() == null);
        });
    assertThat(inFlight.isDone()).isFalse();
    resume();
    assertThat(get(inFlight)).isEqualTo(512);
  }

  private static WeakReference<byte[]> cancelled(AsyncImage async) {
    byte[] target = new byte[64 << 10];
    assertThat(async.read(0, MemorySegment.ofArray(target)).cancel(true)).isTrue();
    return new WeakReference<>(target);
  }

  @Test
  void aTransferUsesItsMemoryForNothingElseUntilLibrbdIsDone() throws Exception {
    Image other = rbd.open(name);
    ImageChannel channel = ImageChannel.of(other);
    ByteArrayOutputStream sink = new ByteArrayOutputStream();
    pause();
    CompletableFuture<Long> copied =
        CompletableFuture.supplyAsync(
            () -> transfer(channel, Channels.newChannel(sink)),
            task -> Thread.ofPlatform().daemon().start(task));
    Await.until("all reads are in flight", () -> Upcalls.registered() == 4);
    CompletableFuture<Void> closing = Await.inBackground(other::close);
    // Longer than a close lets other futures wait for.
    Duration limit = AsyncOptions.defaults().drainTimeout().plusSeconds(2);
    assertThatThrownBy(() -> copied.get(limit.toMillis(), TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    resume();
    assertThat(get(copied)).isEqualTo(SIZE);
    assertThat(sink.size()).isEqualTo((int) SIZE);
    get(closing);
  }

  private static long transfer(ImageChannel from, WritableByteChannel to) {
    try {
      return from.transferTo(0, SIZE, to);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void channelsDoNotDependOnTheExecutorOfTheUser() throws Exception {
    try (ExecutorService one = Executors.newSingleThreadExecutor();
        Cluster busy = ceph.client().executor(one).connect();
        IoContext io = busy.ioContext("rbd");
        Image other = new Rbd(io).open(name)) {
      ImageChannel channel = ImageChannel.of(other);
      byte[] data = Checks.random(5 * MIB, 4);
      ByteBuffer[] back = {ByteBuffer.allocate(MIB), ByteBuffer.allocate(4 * MIB)};
      Future<Long> done =
          one.submit(
              () -> {
                channel.write(new ByteBuffer[] {ByteBuffer.wrap(data, 0, MIB)}, 0);
                channel.transferFrom(
                    Channels.newChannel(new ByteArrayInputStream(data, MIB, 4 * MIB)),
                    MIB,
                    4 * MIB);
                return channel.read(back, 0);
              });
      assertThat(done.get(60, TimeUnit.SECONDS)).isEqualTo(5 * MIB);
      assertThat(back[0].array()).isEqualTo(Arrays.copyOf(data, MIB));
      assertThat(back[1].array()).isEqualTo(Arrays.copyOfRange(data, MIB, 5 * MIB));
    }
  }

  @Test
  void anExecutorMayRunTasksAtOnce() throws Exception {
    try (Cluster direct =
            ceph.client().option("rbd_cache", "false").executor(Runnable::run).connect();
        IoContext io = direct.ioContext("rbd");
        Image other = new Rbd(io).open(name)) {
      AsyncImage async = other.async();
      byte[] data = Checks.random(512, 5);
      get(async.write(0, MemorySegment.ofArray(data)));
      MemorySegment back = heap(512);
      assertThat(get(async.read(0, back))).isEqualTo(512);
      assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
      assertThat(get(async.read(SIZE, heap(1)))).isEqualTo(-1);
      assertThat(get(async.compareAndWrite(0, heap(512), heap(512)))).isPresent();
      get(async.flush());
    }
  }

  @Test
  void operationsMayBeSubmittedOnTheThreadOfLibrbd() throws Exception {
    AsyncImage async = image.async(AsyncOptions.defaults().onLibrbdThread(true));
    byte[] data = Checks.random(512, 6);
    pause();
    CompletableFuture<Long> first = async.read(0, heap(512));
    CompletableFuture<Boolean> inside = first.thenApply(_ -> Upcalls.isInsideCallback());
    CompletableFuture<Void> write =
        first.thenCompose(_ -> async.write(512, MemorySegment.ofArray(data)));
    CompletableFuture<OptionalLong> compare =
        first.thenCompose(_ -> async.compareAndWrite(1024, heap(512), heap(512)));
    CompletableFuture<Void> discard = first.thenCompose(_ -> async.discard(MIB, MIB));
    CompletableFuture<Void> across = first.thenCompose(_ -> async.write(SIZE - 10, heap(512)));
    resume();
    assertThat(get(inside)).isTrue();
    get(write);
    get(discard);
    assertThat(get(compare)).isEmpty();
    assertThatThrownBy(() -> get(across))
        .hasCauseInstanceOf(IncompleteWriteException.class)
        .cause()
        .extracting("bytesWritten")
        .isEqualTo(10L);
    byte[] back = new byte[512];
    image.readAt(512, back);
    assertThat(back).isEqualTo(data);
  }

  @Test
  void aRecordingNamesTheSlowImageAndWhatBecameOfItsFutures(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("own.jfr");
    String fast = Names.unique("fast");
    rbd.create(fast, SIZE);
    try (Recording recording = new Recording()) {
      recording.enable("io.github.rbd4j.Read").withThreshold(Duration.ZERO);
      recording.start();
      try (Image other = rbd.open(fast)) {
        other.readAt(0, new byte[512]);
      }
      AsyncImage async = async(1, WhenFull.QUEUE);
      pause();
      CompletableFuture<Long> late = async.withDeadline(Duration.ofMillis(500)).read(0, heap(512));
      CompletableFuture<Long> cancelled = async.read(0, heap(512));
      assertThat(cancelled.cancel(true)).isTrue();
      assertThatThrownBy(() -> get(late)).hasCauseInstanceOf(TimeoutException.class);
      resume();
      assertThat(get(async.read(0, heap(512)))).isEqualTo(512);
      recording.stop();
      recording.dump(file);
    }
    rbd.remove(fast);
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(events)
        .as("%s", events)
        .extracting(event -> event.getString("image") + " " + event.getString("outcome"))
        .containsExactlyInAnyOrder(
            "rbd/" + fast + " ok",
            "rbd/" + name + " TimeoutException",
            "rbd/" + name + " CancellationException",
            "rbd/" + name + " ok");
    assertThat(slowImages(folder, file).lines().skip(1))
        .satisfiesExactly(
            slow -> assertThat(slow).startsWith("rbd/" + name + " Read").contains(" 3 ", " 2 "),
            quick -> assertThat(quick).startsWith("rbd/" + fast + " Read").contains(" 1 ", " 0 "));
  }

  /** What the program of the documentation says. */
  private static String slowImages(Path folder, Path recording) throws Exception {
    Path root = Path.of(System.getProperty("rbd4j.it.root", ".."));
    String page = Files.readString(root.resolve("docs/observability.md"));
    int start = page.indexOf("import java.nio.file.Path;");
    Path program = folder.resolve("SlowImages.java");
    Files.writeString(program, page.substring(start, page.indexOf("```", start)));
    ForkedJvm.Result result =
        ForkedJvm.start(
                Files.createDirectory(folder.resolve("jvm")),
                Map.of(),
                List.of(),
                program.toString(),
                recording.toString())
            .end();
    assertThat(result.status()).as(result.errors()).isZero();
    return result.output();
  }

  @Test
  void aClosedImageFailsTheFutureOfEverything() {
    Image other = rbd.open(name);
    AsyncImage async = other.async();
    other.close();
    for (Supplier<CompletableFuture<?>> operation :
        List.<Supplier<CompletableFuture<?>>>of(
            () -> async.read(0, heap(512)),
            () -> async.readv(0, List.of(heap(512))),
            () -> async.write(0, heap(512)),
            () -> async.writev(0, List.of(heap(512))),
            () -> async.discard(0, 512),
            () -> async.writeZeroes(0, 512, false),
            () -> async.writeSame(0, 512, heap(512)),
            () -> async.compareAndWrite(0, heap(512), heap(512)),
            async::flush)) {
      CompletableFuture<?> future = operation.get();
      assertThatThrownBy(() -> get(future))
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is closed");
    }
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

  @Test
  void aCancelledOperationThatHadToWaitDoesNotKeepAnImageOpen() throws Exception {
    try (Cluster stuck = ceph.client().executor(held::add).connect();
        IoContext io = stuck.ioContext("rbd")) {
      Image other = new Rbd(io).open(name);
      AsyncImage async = other.async(ONE_AT_A_TIME);
      pause();
      CompletableFuture<Long> first = async.read(0, Arena.ofAuto().allocate(512));
      CompletableFuture<Long> second = async.read(0, Arena.ofAuto().allocate(512));
      resume();
      Await.until("the first one is done", () -> !held.isEmpty());
      pause();
      held.remove().run(); // which gives its place to the second one
      assertThat(get(first)).isEqualTo(512);
      assertThat(second.cancel(false)).isTrue();
      resume();
      Await.until("the second one is done", () -> !held.isEmpty());
      CompletableFuture<Void> closing = Await.inBackground(other::close);
      closing.get(20, TimeUnit.SECONDS);
      held.remove().run(); // too late, and harmless
    }
  }
}
