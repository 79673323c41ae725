package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.it.CephCluster.Layout;
import io.github.rbd4j.it.CephCluster.Store;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What makes a process that uses the C API hang, tried through rbd4j; {@code docs/safety.md} has
 * the rows by their numbers. Each test runs in a JVM of its own, which must end in time.
 */
@CephTest
@ExtendWith(InOwnJvm.class)
class Hazards2IT {
  private static final long SIZE = 8 << 20;

  private final CephCluster ceph;
  private final Rbd rbd;

  Hazards2IT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  private String create() {
    String name = Names.unique("hazard");
    rbd.create(name, SIZE);
    return name;
  }

  private static Duration time(ThrowingCallable call) throws Throwable {
    long start = System.nanoTime();
    call.call();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private static void assertClosed(Image image) {
    List<ThrowingCallable> calls =
        List.of(
            () -> image.readAt(0, new byte[1]),
            () -> image.writeAt(0, new byte[1]),
            image::flush,
            image::size,
            image::snapshots,
            () -> image.diff(DiffOptions.sinceBeginning()),
            () -> image.watch(() -> {}));
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is closed");
    }
    assertThat(image.isClosed()).isTrue();
    image.close();
  }

  /** In C every later call hangs for ever, the close of the image included. */
  @Test
  void h2_01_closingTheClusterBeforeItsImages() throws Throwable {
    Cluster mine = ceph.client().connect();
    String name = create();
    Image image = new Rbd(mine.ioContext("rbd")).open(name);
    image.writeAt(0, new byte[4096]);
    CompletableFuture<Void> flush = image.async().flush();
    assertThat(time(mine::close)).isLessThan(Duration.ofSeconds(15));
    flush.get(10, TimeUnit.SECONDS);
    assertClosed(image);
    rbd.remove(name); // nothing of the image is left behind
  }

  @Test
  void h2_02_closingThePoolBeforeItsImages() throws Throwable {
    try (Cluster mine = ceph.client().connect()) {
      IoContext pool = mine.ioContext("rbd");
      String name = create();
      Image image = new Rbd(pool).open(name);
      image.writeAt(0, new byte[4096]);
      assertThat(time(pool::close)).isLessThan(Duration.ofSeconds(15));
      assertClosed(image);
      rbd.remove(name);
    }
  }

  /**
   * With a time-out of two seconds. Without one rbd4j sets 120 seconds, the C API waits for ever.
   */
  @Test
  void h2_03_anOsdThatDoesNotAnswer() throws Throwable {
    Duration limit = Duration.ofSeconds(20);
    try (CephCluster own = CephCluster.start()) {
      Cluster mine = own.client().osdTimeout(Duration.ofSeconds(2)).connect();
      Rbd pool = new Rbd(mine.ioContext("rbd"));
      pool.create("vm", SIZE);
      Image image = pool.open("vm");
      image.writeAt(0, new byte[4096]);
      image.flush();
      image.invalidateCache();
      own.daemon(DaemonAction.PAUSE, "osd.0");
      try {
        List<ThrowingCallable> calls =
            List.of(
                () -> image.readAt(0, new byte[4096]),
                () -> pool.open("vm"),
                () -> pool.create("other", SIZE),
                pool::list);
        for (ThrowingCallable call : calls) {
          assertThat(
                  time(
                      () ->
                          assertThat(catchThrowable(call))
                              .isInstanceOf(OperationTimeoutException.class)))
              .isBetween(Duration.ofMillis(1900), limit);
        }
        // librbd makes an error of its own of the time-out here.
        assertThat(
                time(
                    () ->
                        assertThatThrownBy(() -> image.createSnapshot("s"))
                            .isInstanceOf(RbdException.class)))
            .isLessThan(limit);
        CompletableFuture<Long> read = image.async().read(0, Arena.ofAuto().allocate(4096));
        assertThatThrownBy(() -> read.get(20, TimeUnit.SECONDS))
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(OperationTimeoutException.class);
        assertThat(
                time(
                    () -> {
                      try {
                        mine.close();
                      } catch (RbdException e) {
                        assertThat(e.operation()).isEqualTo("close");
                      }
                    }))
            .isLessThan(limit);
      } finally {
        own.daemon(DaemonAction.RESUME, "osd.0");
      }
    }
  }

  /** Callbacks of librbd share two threads; what users add to a future runs elsewhere. */
  @Test
  void h2_07_blockingInWhatDependsOnAFuture() throws Exception {
    String name = create();
    CountDownLatch release = new CountDownLatch(1);
    try (Image image = rbd.open(name)) {
      List<CompletableFuture<Void>> blocked = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        blocked.add(
            image
                .async()
                .read(0, Arena.ofAuto().allocate(4 << 20))
                .thenAcceptAsync(
                    _ -> {
                      try {
                        release.await();
                      } catch (InterruptedException e) {
                        throw new AssertionError(e);
                      }
                    },
                    task -> Thread.ofVirtual().start(task)));
      }
      for (int i = 0; i < 50; i++) {
        image.async().read(0, Arena.ofAuto().allocate(4096)).get(20, TimeUnit.SECONDS);
      }
      release.countDown();
      CompletableFuture.allOf(blocked.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);
    }
    rbd.remove(name);
  }

  /** Nobody waits for a completion that librbd never took. */
  @Test
  void h2_09_operationsThatAreRefused() throws Exception {
    String name = create();
    try (Image image = rbd.openReadOnly(name)) {
      AsyncImage async = image.async();
      MemorySegment memory = Arena.ofAuto().allocate(4096);
      for (int i = 0; i < 100; i++) {
        for (CompletableFuture<?> refused :
            List.of(
                async.write(0, memory),
                async.discard(0, 4096),
                async.writeZeroes(0, 4096, false),
                async.writeSame(0, 8192, memory),
                async.compareAndWrite(0, memory.asSlice(0, 512), memory.asSlice(0, 512)))) {
          assertThatThrownBy(() -> refused.get(10, TimeUnit.SECONDS))
              .hasCauseInstanceOf(ReadOnlyImageException.class);
        }
      }
      CompletableFuture<Throwable> onVirtual = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> onVirtual.complete(catchThrowable(() -> image.writeAt(0, new byte[4096]))));
      assertThat(onVirtual.get(10, TimeUnit.SECONDS)).isInstanceOf(ReadOnlyImageException.class);
      assertThat(Upcalls.registered()).isZero();
    }
    rbd.remove(name);
  }

  /** The image is free once the cluster has given up the dead client: here after 5 seconds. */
  @Test
  void h2_10_theOwnerOfTheExclusiveLockWasKilled() throws Throwable {
    Path folder = Files.createTempDirectory("rbd4j-killed-");
    Layout layout = new Layout(1, Store.MEMSTORE, List.of("osd client watch timeout = 5"));
    try (CephCluster own = CephCluster.start(layout);
        Cluster mine = own.client().connect()) {
      Rbd pool = new Rbd(mine.ioContext("rbd"));
      pool.create("vm", SIZE);
      ForkedJvm owner =
          ForkedJvm.start(
              folder,
              Map.of("CEPH_CONF", own.conf().toString()),
              ForkedJvm.onClassPath(),
              ForkedMain.class.getName(),
              "wait",
              "vm");
      owner.awaitOutput("ready");
      owner.kill();
      try (Image image = pool.open("vm")) {
        assertThat(time(() -> image.writeAt(0, new byte[] {7}))).isLessThan(Duration.ofSeconds(45));
        byte[] back = new byte[1];
        image.readAt(0, back);
        assertThat(back).containsExactly(7);
      }
      pool.remove("vm");
    } finally {
      Files.delete(folder.resolve("output"));
      Files.delete(folder.resolve("errors"));
      Files.delete(folder);
    }
  }

  /** The JVM starts processes without running anything of the parent in the child. */
  @Test
  void h2_12_processesThatAreStartedWhileThereIsInputAndOutput() throws Exception {
    String name = create();
    try (Image image = rbd.open(name)) {
      AtomicBoolean stop = new AtomicBoolean();
      CompletableFuture<Void> load =
          Await.inBackground(
              () -> {
                while (!stop.get()) {
                  image.writeAt(0, new byte[4096]);
                }
              });
      for (int i = 0; i < 20; i++) {
        Process process = new ProcessBuilder("true").start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
      }
      stop.set(true);
      load.get(10, TimeUnit.SECONDS);
    }
    rbd.remove(name);
  }
}
