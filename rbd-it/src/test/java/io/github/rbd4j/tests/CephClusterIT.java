package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.it.CephCluster.Layout;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The cluster fixture itself: what it starts, breaks, mends and leaves behind. */
@Tag(Tags.LOCAL_DAEMONS)
class CephClusterIT {
  @Test
  void anOsdThatIsPausedOrKilledComesBackWithItsData() {
    try (CephCluster ceph = CephCluster.start(Layout.onDisk());
        Cluster cluster = ceph.client().osdTimeout(Duration.ofSeconds(2)).connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      rbd.create("vm", 4 << 20);
      byte[] data = "survives".getBytes(StandardCharsets.UTF_8);
      try (Image image = rbd.open("vm")) {
        image.writeAt(0, data);
        image.flush();
        image.invalidateCache();

        ceph.daemon(DaemonAction.PAUSE, "osd.0");
        assertThatThrownBy(() -> image.readAt(0, new byte[8]))
            .isInstanceOf(OperationTimeoutException.class);
        ceph.daemon(DaemonAction.RESUME, "osd.0");
        byte[] back = new byte[data.length];
        assertThat(image.readAt(0, back)).isEqualTo(data.length);
        assertThat(back).isEqualTo(data);

        ceph.daemon(DaemonAction.KILL, "osd.0");
        ceph.daemon(DaemonAction.START, "osd.0");
      }
      try (Image image = rbd.open("vm")) {
        byte[] back = new byte[data.length];
        image.readAt(0, back);
        assertThat(back).isEqualTo(data);
      }
    }
  }

  @Test
  void twoClustersRunSideBySideAndLeaveNothingBehind() {
    Path first;
    Path second;
    try (CephCluster one = CephCluster.start();
        CephCluster other = CephCluster.start()) {
      first = one.conf().getParent();
      second = other.conf().getParent();
      assertThat(one.ceph("fsid")).isNotEqualTo(other.ceph("fsid"));
      assertThat(one.ceph("health").strip()).startsWith("HEALTH_OK");
      assertThat(other.rbd("ls")).isEmpty();
      assertThat(Files.exists(one.keyring())).isTrue();
    }
    assertThat(Files.exists(first)).isFalse();
    assertThat(Files.exists(second)).isFalse();
    assertThat(processesOf(first)).isEmpty();
    assertThat(processesOf(second)).isEmpty();
  }

  @Test
  void aUserWithReadCapsOnlyIsRefusedToWrite() {
    try (CephCluster ceph = CephCluster.start()) {
      ceph.rbd("create", "--size", "4M", "vm");
      Path keyring =
          ceph.createUser("reader", "mon", "profile rbd", "osd", "profile rbd-read-only");
      try (Cluster cluster =
              ceph.client().clientId("reader").option("keyring", keyring.toString()).connect();
          IoContext io = cluster.ioContext("rbd");
          Image image = new Rbd(io).openReadOnly("vm")) {
        assertThat(image.size()).isEqualTo(4 << 20);
        assertThatThrownBy(() -> new Rbd(io).create("other", 1 << 20))
            .isInstanceOf(PermissionDeniedException.class);
      }
    }
  }

  private static List<String> processesOf(Path folder) {
    return ProcessHandle.allProcesses()
        .map(ProcessHandle::info)
        .map(ProcessHandle.Info::commandLine)
        .flatMap(Optional::stream)
        .filter(line -> line.contains(folder.toString()))
        .toList();
  }
}
