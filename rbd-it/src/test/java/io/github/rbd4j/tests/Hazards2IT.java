package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.ClientBlocklistedException;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.it.CephCluster.Layout;
import io.github.rbd4j.it.CephCluster.Store;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.ImageMirrorMode;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.mirror.MirrorMode;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.nio.ImageInputStream;
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
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
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
  @Tag(Tags.LOCAL_DAEMONS)
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

  /** Here after 2 seconds, by default after 30; the C API waits for 300. */
  @Test
  void h2_04_monitorsThatDoNotAnswer() {
    Elsewhere.passes(ceph, ClusterIT.class, "monitorsThatDoNotAnswerAreGivenUp");
  }

  @Test
  void h2_05_aWrongKeyAndNoKeyring() {
    Elsewhere.passes(ceph, ClusterIT.class, "aWrongKeyIsRefusedAndNotTold");
    Elsewhere.passes(ceph, ClusterIT.class, "aUserWithoutAKeyringIsRefused");
  }

  @Test
  void h2_06_blockingCallsInACompletion() {
    Elsewhere.passes(ceph, AsyncIT.class, "aBlockingCallOnTheThreadOfLibrbdIsRefused");
    Elsewhere.passes(ceph, AsyncIT.class, "whatDependsOnAFutureMayBlockAndCloseTheImage");
  }

  /** Callbacks of librbd share two threads; what users add to a future runs elsewhere. */
  @Test
  void h2_07_blockingInWhatDependsOnAFuture() throws Exception {
    String name = create();
    CountDownLatch release = new CountDownLatch(1);
    try (Image image = rbd.open(name)) {
      List<CompletableFuture<Void>> blocked = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        blocked.add(done);
        // Were the read done at once, its dependent would block whoever adds it.
        var _ =
            Thread.startVirtualThread(
                () -> {
                  var _ =
                      image
                          .async()
                          .read(0, Arena.ofAuto().allocate(4 << 20))
                          .thenAccept(
                              _ -> {
                                await(release);
                                done.complete(null);
                              });
                });
      }
      for (int i = 0; i < 50; i++) {
        image.async().read(0, Arena.ofAuto().allocate(4096)).get(20, TimeUnit.SECONDS);
      }
      assertThat(blocked).noneMatch(CompletableFuture::isDone);
      release.countDown();
      CompletableFuture.allOf(blocked.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);
    }
    rbd.remove(name);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void h2_08_watchesThatEndInTheirCallback() {
    Elsewhere.passes(ceph, WatchIT.class, "aWatchCanBeClosedFromItsListener");
    Elsewhere.passes(ceph, QuiesceIT.class, "aListenerThatClosesItsWatchDoesNotHangForEver");
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
  @Tag(Tags.LOCAL_DAEMONS)
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

  @Test
  void h2_11_aClientThatIsBlocklisted() {
    Elsewhere.passes(ceph, ClusterIT.class, "aClientThatIsBlocklistedIsToldSoAndCanConnectAnew");
    Elsewhere.passes(ceph, LocksIT.Managed.class, "aBrokenLockIsFreeAndItsHolderIsOut");
  }

  /** The owner of the lock was stopped and answers nobody; its watch has not ended yet. */
  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void h2_11_blocklistedWhileItWaitsForTheLock() throws Throwable {
    Path folder = Files.createTempDirectory("rbd4j-stopped-");
    Layout layout = new Layout(1, Store.MEMSTORE, List.of("osd client watch timeout = 300"));
    try (CephCluster own = CephCluster.start(layout);
        Cluster admin = own.client().connect()) {
      new Rbd(admin.ioContext("rbd")).create("vm", SIZE);
      ForkedJvm owner =
          ForkedJvm.start(
              folder,
              Map.of("CEPH_CONF", own.conf().toString()),
              ForkedJvm.onClassPath(),
              ForkedMain.class.getName(),
              "wait",
              "vm");
      owner.awaitOutput("ready");
      assertThat(new ProcessBuilder("kill", "-STOP", "" + owner.pid()).start().waitFor()).isZero();
      try {
        Cluster victim = own.client().connect();
        Image image = new Rbd(victim.ioContext("rbd")).open("vm");
        CompletableFuture<Void> write = image.async().write(0, Arena.ofAuto().allocate(4096));
        assertThatThrownBy(() -> write.get(2, TimeUnit.SECONDS))
            .isInstanceOf(TimeoutException.class);
        admin.blocklist(victim.addresses(), Duration.ofMinutes(5));
        assertThatThrownBy(() -> write.get(20, TimeUnit.SECONDS))
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(ClientBlocklistedException.class);
        assertThat(time(() -> catchThrowable(victim::close))).isLessThan(Duration.ofSeconds(15));
      } finally {
        owner.kill();
      }
    } finally {
      Files.delete(folder.resolve("output"));
      Files.delete(folder.resolve("errors"));
      Files.delete(folder);
    }
  }

  /** It takes seconds of processor time, by which only who calls it is held up. */
  @Test
  void h2_13_formattingAnEncryption() throws Exception {
    String name = Names.unique("hazard");
    rbd.create(name, 64 << 20);
    String other = create();
    CompletableFuture<Void> formatting =
        Await.inBackground(
            () -> {
              try (Image image = rbd.open(name);
                  EncryptionFormat format =
                      EncryptionFormat.luks1(EncryptionAlgorithm.AES128, new char[] {'x'})) {
                new Encryption(image).format(format);
              }
            });
    int reads = 0;
    try (Image image = rbd.open(other)) {
      while (!formatting.isDone()) {
        assertThat(image.readAt(0, new byte[4096])).isEqualTo(4096);
        reads++;
      }
    }
    formatting.join();
    assertThat(reads).isGreaterThan(10);
    rbd.remove(name);
    rbd.remove(other);
  }

  /** librbd has no way to cancel a promotion, but no request of it waits for ever. */
  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void h2_14_aPromotionThatNobodyAnswers() throws Throwable {
    try (CephCluster own = CephCluster.start()) {
      Cluster mine = own.client().osdTimeout(Duration.ofSeconds(2)).connect();
      IoContext pool = mine.ioContext("rbd");
      new Mirror(pool).setMode(MirrorMode.IMAGE);
      new Rbd(pool).create("vm", SIZE);
      Image image = new Rbd(pool).open("vm");
      ImageMirror mirror = new ImageMirror(image);
      mirror.enable(ImageMirrorMode.SNAPSHOT);
      mirror.demote();
      own.daemon(DaemonAction.PAUSE, "osd.0");
      try {
        for (boolean force : List.of(false, true)) {
          assertThat(
                  time(
                      () ->
                          assertThatThrownBy(() -> mirror.promote(force))
                              .isInstanceOf(RbdException.class)))
              .isLessThan(Duration.ofSeconds(20));
        }
      } finally {
        own.daemon(DaemonAction.RESUME, "osd.0");
      }
      mirror.promote(false);
      assertThat(mirror.info().primary()).isTrue();
      mine.close();
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

  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void h2_16_aClusterThatHangsBesideAnother() {
    Elsewhere.passes(ceph, TwoClustersIT.class, "aClusterThatHangsHoldsNoMemoryOfAnother");
  }

  @Test
  void h2_17_aStreamOfDifferencesInACallback() {
    String name = create();
    try (Image image = rbd.open(name)) {
      image.writeAt(0, new byte[4096]);
      assertThatThrownBy(
              () ->
                  inCallback(
                      image, () -> image.diffStream(DiffOptions.sinceBeginning()).forEach(_ -> {})))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("callback of librbd");
      assertThat(image.diffStream(DiffOptions.sinceBeginning())).isNotEmpty();
    }
    rbd.remove(name);
  }

  /** Runs something in a callback of librbd, and throws what that throws. */
  private static void inCallback(Image image, Runnable work) {
    image.diffIterate(
        DiffOptions.sinceBeginning(),
        (offset, length, exists) -> {
          work.run();
          return true;
        });
  }

  /** Whoever has the position of a channel, or a stream, can wait for the callback. */
  @Test
  void h2_18_thePositionOfAChannelInACallback() throws Exception {
    String name = create();
    try (Image image = rbd.open(name);
        ImageInputStream in = new ImageInputStream(image)) {
      image.writeAt(0, new byte[4096]);
      ImageChannel channel = ImageChannel.of(image);
      for (Callable<?> call : List.<Callable<?>>of(channel::position, in::available, in::read)) {
        assertThatThrownBy(
                () ->
                    inCallback(
                        image,
                        () -> {
                          try {
                            call.call();
                          } catch (RuntimeException e) {
                            throw e;
                          } catch (Exception e) {
                            throw new AssertionError(e);
                          }
                        }))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("callback of librbd");
      }
      assertThat(channel.position()).isZero();
    }
    rbd.remove(name);
  }
}
