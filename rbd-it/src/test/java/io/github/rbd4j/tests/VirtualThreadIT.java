package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocking calls on virtual threads park them and leave their carriers free. */
@CephTest
class VirtualThreadIT {
  private static final int BLOCK = 4096;

  private final CephCluster ceph;
  private final Rbd rbd;

  VirtualThreadIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  /** The only OSD is paused, so that all that was begun is under way at once. */
  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void thousandsOfThreadsDoBlockingIoOnTwoCarriers(@TempDir Path folder) throws Exception {
    String name = Names.unique("virtual");
    Path go = folder.resolve("go");
    try (CephCluster own = CephCluster.start();
        Cluster cluster = own.client().connect();
        IoContext io = cluster.ioContext("rbd")) {
      // Without an object map librbd has to ask the OSD for everything.
      ImageOptions options = new ImageOptions().features(Set.of(Feature.LAYERING));
      new Rbd(io).create(name, VirtualThreadMain.SIZE, options);
      ForkedJvm jvm = start(own, folder, 2, "input and output", name, go.toString());
      jvm.awaitOutput("ready");
      own.daemon(DaemonAction.PAUSE, "osd.0");
      try {
        Files.createFile(go);
        jvm.awaitOutput("under way");
      } finally {
        own.daemon(DaemonAction.RESUME, "osd.0");
      }
      ForkedJvm.Result result = jvm.end();
      assertThat(result.status()).as(result.output() + result.errors()).isZero();
      assertThat(result.output()).contains("pinned 0 times").contains("control pinned");
    }
  }

  @Test
  void aSnapshotIsTakenOnTheOnlyCarrierWhileAListenerPrepares(@TempDir Path folder)
      throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, BLOCK);
    ForkedJvm.Result result = start(ceph, folder, 1, "snapshot", name).end();
    assertThat(result.status()).as(result.output() + result.errors()).isZero();
    assertThat(result.output()).contains("quiesced").contains("taken");
    try (Image image = rbd.open(name)) {
      image.snapshot("s").remove();
    }
    rbd.remove(name);
  }

  private static ForkedJvm start(CephCluster ceph, Path folder, int carriers, String... arguments)
      throws IOException {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("-Djdk.virtualThreadScheduler.parallelism=" + carriers);
    options.add("-Djdk.virtualThreadScheduler.maxPoolSize=" + carriers);
    List<String> command = new ArrayList<>(List.of(VirtualThreadMain.class.getName()));
    command.addAll(List.of(arguments));
    return ForkedJvm.start(
        Files.createDirectory(folder.resolve("jvm")),
        Map.of("CEPH_CONF", ceph.conf().toString()),
        options,
        command.toArray(String[]::new));
  }

  @Test
  void changesAreSeenAsThoseOfOtherThreads() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, 1 << 20);
    try (Image image = rbd.open(name);
        Arena shared = Arena.ofShared();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      threads
          .submit(
              () -> {
                MemorySegment ones = shared.allocate(BLOCK).fill((byte) 1);
                image.writeSame(0, 1 << 20, ones);
                image.discard(0, 65536);
                image.writeZeroes(65536, 100);
                MemorySegment sector = ones.asSlice(0, 512);
                assertThat(image.compareAndWrite(69632, sector, sector)).isEmpty();
                assertThat(image.compareAndWrite(65536, sector, sector)).hasValue(0);
                assertThatThrownBy(() -> image.discard(1 << 20, 1))
                    .isInstanceOf(IllegalArgumentException.class);
                return null;
              })
          .get(30, TimeUnit.SECONDS);
      byte[] expected = new byte[1 << 20];
      Arrays.fill(expected, 65636, 1 << 20, (byte) 1);
      byte[] back = new byte[1 << 20];
      image.readAt(0, back);
      assertThat(back).isEqualTo(expected);
    }
    rbd.remove(name);
  }

  @Test
  void theEndOfTheImageIsSeenAsByOtherThreads() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, BLOCK);
    try (Image image = rbd.open(name);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      threads
          .submit(
              () -> {
                assertThat(image.readAt(BLOCK, new byte[1])).isEqualTo(-1);
                assertThat(image.readAt(BLOCK - 10, new byte[100])).isEqualTo(10);
                Thread.currentThread().interrupt();
                assertThat(image.readAt(0, new byte[100])).isEqualTo(100);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
              })
          .get(30, TimeUnit.SECONDS);
    }
    rbd.remove(name);
  }

  /** The callback comes on the virtual thread, but what it calls could go to another one. */
  @Test
  void aVisitorOnAVirtualThreadCannotBlock() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, BLOCK);
    try (Image image = rbd.open(name);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      image.writeAt(0, new byte[] {1});
      DiffVisitor resizing =
          (offset, length, exists) -> {
            image.resize(2 * BLOCK, false);
            return true;
          };
      assertThatThrownBy(
              () ->
                  threads
                      .submit(() -> image.diffIterate(DiffOptions.sinceBeginning(), resizing))
                      .get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("callback of librbd");
      assertThat(image.size()).isEqualTo(BLOCK);
    }
    rbd.remove(name);
  }

  @Test
  void whatAListenerThrowsOnAVirtualThreadIsThatVeryException() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, 1 << 20, new ImageOptions().order(12));
    CompletionException mine = new CompletionException(null, null);
    try (Image image = rbd.open(name);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      image.writeAt(0, new byte[1 << 20]);
      assertThatThrownBy(
              () ->
                  threads
                      .submit(
                          () ->
                              image.resize(
                                  BLOCK,
                                  true,
                                  (done, total) -> {
                                    throw mine;
                                  }))
                      .get(30, TimeUnit.SECONDS))
          .cause()
          .isSameAs(mine);
    }
    rbd.remove(name);
  }
}
