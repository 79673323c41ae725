package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephContainer;
import io.github.rbd4j.it.CommandLine;
import io.github.rbd4j.rados.Cluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image of {@code docker/build} by itself, as those use it who know Ceph's demo image. */
@Tag(Tags.CONTAINER)
class ContainerIT {
  private static final String IMAGE = System.getProperty("rbd4j.it.image", "rbd4j/ceph-demo");
  private static final String READY = "/opt/ceph-container/bin/demo: SUCCESS";
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String CLUSTER = "/var/lib/rbd4j";

  @TempDir private Path etc;

  private String container = "";

  private static CommandLine.Result run(List<String> command) {
    return CommandLine.run(LIMIT, Map.of(), command);
  }

  private static String docker(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    CommandLine.Result result = run(command);
    assertThat(result.status()).as("%s: %s", command, result.errors()).isZero();
    return result.text().strip();
  }

  private void start(String... settings) {
    List<String> arguments = new ArrayList<>(List.of("run", "--detach", "--network", "host"));
    // bin/test removes what a JVM that was killed leaves behind.
    arguments.addAll(
        List.of("--label", CephContainer.OWNER_LABEL + "=" + ProcessHandle.current().pid()));
    arguments.addAll(List.of("--volume", etc + ":/etc/ceph", "--env", "MON_PORT=free"));
    for (String setting : settings) {
      arguments.addAll(List.of("--env", setting));
    }
    arguments.add(IMAGE);
    container = docker(arguments.toArray(String[]::new));
    awaitReady(1);
  }

  private String log() {
    return docker("logs", container);
  }

  private void awaitReady(int starts) {
    Await.until(
        LIMIT,
        "the cluster is ready, start " + starts,
        () -> log().lines().filter(line -> line.endsWith(READY)).count() == starts);
  }

  private void awaitHealth(String health) {
    Await.until(
        LIMIT,
        "the container is " + health,
        () -> docker("inspect", "--format", "{{.State.Health.Status}}", container).equals(health));
  }

  private Cluster connect(String user) {
    return Cluster.builder()
        .confFile(etc.resolve("ceph.conf"))
        .clientId(user)
        .option("keyring", etc.resolve("ceph.client." + user + ".keyring").toString())
        .connect();
  }

  @AfterEach
  void remove() {
    if (!container.isEmpty()) {
      docker("rm", "--force", "--volumes", container);
    }
  }

  @Test
  void itsVariablesAreThoseOfTheDemoImage() throws IOException {
    start(
        "MON_IP=127.0.0.2",
        "CEPH_PUBLIC_NETWORK=127.0.0.0/24",
        "CEPH_DEMO_UID=alice",
        "RBD_POOL=vms",
        "RGW_NAME=gateway",
        "CEPH_DEMO_ACCESS_KEY=key");
    assertThat(log()).contains("RGW_NAME has no effect", "CEPH_DEMO_ACCESS_KEY has no effect");
    assertThat(etc.resolve("I_AM_A_DEMO")).exists();
    assertThat(Files.getOwner(etc.resolve("ceph.client.admin.keyring")))
        .isEqualTo(Files.getOwner(etc));
    try (Cluster admin = connect("admin");
        Cluster alice = connect("alice")) {
      assertThat(admin.config("mon_host")).contains("127.0.0.2:");
      assertThat(admin.pools()).contains("vms").doesNotContain("rbd");
      Rbd rbd = new Rbd(alice.ioContext("vms"));
      rbd.create("disk", 1 << 20);
      assertThat(rbd.list()).hasSize(1);
    }
  }

  @Test
  void itsHealthIsThatOfItsDaemonsAndItEndsInOrder() {
    start();
    awaitHealth("healthy");
    docker("exec", container, "ceph-cluster", "daemon", CLUSTER, "kill", "osd.0");
    awaitHealth("unhealthy");
    docker("stop", "-t", "60", container);
    // 137 would be that it had to be killed.
    assertThat(docker("inspect", "--format", "{{.State.ExitCode}}", container)).isEqualTo("0");
  }

  @Test
  void eachStartIsANewCluster() {
    start();
    UUID first;
    try (Cluster cluster = connect("admin")) {
      first = cluster.fsid();
      new Rbd(cluster.ioContext("rbd")).create("disk", 1 << 20);
    }
    docker("restart", "-t", "60", container);
    awaitReady(2);
    awaitHealth("healthy");
    try (Cluster cluster = connect("admin")) {
      assertThat(cluster.fsid()).isNotEqualTo(first);
      assertThat(new Rbd(cluster.ioContext("rbd")).list()).isEmpty();
    }
  }

  /** From a registry, or, as here, one that is on this machine: that which docker/build made. */
  @Test
  void itCanBeMadeFromABaseImage() {
    String base = "rbd4j/debian:bookworm";
    String image = "rbd4j/from-base:" + ProcessHandle.current().pid();
    CommandLine.Result made = build("--from", base, "--image", image);
    assertThat(made.status()).as(made.errors()).isZero();
    try {
      String layers = "{{json .RootFS.Layers}}";
      String ofBase = docker("image", "inspect", "--format", layers, base);
      assertThat(docker("image", "inspect", "--format", layers, image))
          .startsWith(ofBase.substring(0, ofBase.length() - 1));
      assertThat(docker("run", "--rm", "--entrypoint", "rbd", image, "--version"))
          .startsWith("ceph version 16.");
    } finally {
      docker("image", "rm", image);
    }
    CommandLine.Result refused = build("--from", base, "--image", image, "--suite", "trixie");
    assertThat(refused.status()).isNotZero();
    assertThat(refused.errors()).contains(base + " is Debian bookworm, and --suite says trixie");
  }

  private static CommandLine.Result build(String... options) {
    Path program = Path.of(System.getProperty("rbd4j.it.root", ".."), "docker/build");
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(options));
    return CommandLine.run(Duration.ofMinutes(10), Map.of(), command);
  }

  @Test
  void nothingIsInItThatNoProgramNeeds() {
    String search =
        """
        for folder in /usr/share/man /usr/share/info /usr/share/locale /var/cache /var/lib/apt/lists /var/log; do
          find $folder -type f
        done
        find /usr/share/doc -type f ! -name copyright
        for tool in gcc cc make g++ mvn; do command -v $tool; done
        true
        """;
    assertThat(
            docker("run", "--rm", "--network", "none", "--entrypoint", "sh", IMAGE, "-c", search))
        .isEmpty();
    long size = Long.parseLong(docker("image", "inspect", "--format", "{{.Size}}", IMAGE));
    assertThat(size).isLessThan(600L << 20);
  }
}
