package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.rados.Cluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A JVM ends within seconds, with its status and without a crash, whatever goes on in it: threads
 * inside librbd, asynchronous operations in flight, registered watches. Also if nothing of that can
 * be ended, since no OSD answers and the operations wait for ever.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExitIT {
  private static final long SIZE = 8 << 20;

  private final List<CephCluster> clusters = new ArrayList<>();
  private String image = "";

  @TempDir private Path folder = Path.of("");

  @BeforeAll
  void start() {
    clusters.add(CephCluster.start());
  }

  @AfterAll
  void stop() {
    clusters.forEach(CephCluster::close);
  }

  private CephCluster ceph() {
    return clusters.getFirst();
  }

  @BeforeEach
  void create() {
    image = Names.unique("exit");
    ceph().rbd("create", "--size", "8M", image);
  }

  private ForkedJvm start(String... arguments) throws IOException {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("-Drbd4j.shutdownSeconds=2");
    List<String> command = new ArrayList<>(List.of(ExitMain.class.getName()));
    command.addAll(List.of(arguments));
    return ForkedJvm.start(
        Files.createDirectory(folder.resolve("jvm")),
        Map.of("CEPH_CONF", ceph().conf().toString(), "LD_PRELOAD", witness().toString()),
        options,
        command.toArray(String[]::new));
  }

  /** A library that writes "torn down" at the end of an exit that runs its handlers. */
  private Path witness() {
    Path library = folder.resolve("witness.so");
    Gcc.library(library, List.of(), Gcc.source("exit_witness.c"));
    return library;
  }

  private ForkedJvm.Result end(String how, boolean paused) throws Exception {
    Path go = folder.resolve("go");
    ForkedJvm jvm = start(how, image, go.toString());
    jvm.awaitOutput("ready");
    if (paused) {
      ceph().daemon(DaemonAction.PAUSE, "osd.0");
    }
    try {
      Files.createFile(go);
      if (how.equals("wait")) {
        jvm.awaitOutput("waiting");
        jvm.terminate();
      }
      long start = System.nanoTime();
      ForkedJvm.Result result = jvm.end();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      return result;
    } finally {
      if (paused) {
        ceph().daemon(DaemonAction.RESUME, "osd.0");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"end, 0", "throw, 1", "exit, 3", "wait, 143"})
  void exitWhileEverythingIsInUse(String how, int status) throws Exception {
    ForkedJvm.Result result = end(how, false);
    assertThat(result.status()).as(result.errors()).isEqualTo(status);
    assertThat(result.errors()).contains("torn down");
    // Another client has the image for itself at once.
    try (Cluster cluster = ceph().client().connect()) {
      Rbd rbd = new Rbd(cluster.ioContext("rbd"));
      try (Image opened = rbd.open(image)) {
        assertThat(opened.size()).isEqualTo(SIZE);
        assertThat(opened.watchers()).hasSize(1);
      }
    }
  }

  /** Threads of librbd are left running; the C++ library must not be torn down under them. */
  @ParameterizedTest
  @CsvSource({"end, 0", "throw, 1", "exit, 3", "wait, 143"})
  void exitWhileNothingAnswers(String how, int status) throws Exception {
    ForkedJvm.Result result = end(how, true);
    assertThat(result.status()).as(result.errors()).isEqualTo(status);
    assertThat(result.errors()).contains("could not be closed in PT2S").doesNotContain("torn down");
  }

  @Test
  void exitWhileConnecting() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      ForkedJvm jvm = start("connecting", "[v2:127.0.0.1:" + silent.getLocalPort() + "]");
      jvm.awaitOutput("connecting");
      long start = System.nanoTime();
      ForkedJvm.Result result = jvm.end();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      assertThat(result.status()).as(result.errors()).isEqualTo(4);
      assertThat(result.errors()).doesNotContain("torn down");
    }
  }
}
