package example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each test finds a fresh pool with one template in it, on a real Ceph cluster. */
@CephTest(pool = CephTest.Pool.PER_METHOD)
class DisksTest {
  private static final byte[] SYSTEM = "an operating system".getBytes(StandardCharsets.UTF_8);

  private final Rbd rbd;
  private final Disks disks;

  DisksTest(Rbd rbd) {
    this.rbd = rbd;
    this.disks = new Disks(rbd);
  }

  @BeforeEach
  void publishTemplate() {
    rbd.create("linux", 16 << 20);
    try (Image image = rbd.open("linux")) {
      image.writeAt(0, SYSTEM);
    }
    disks.publish("linux");
  }

  @Test
  void aDiskStartsWithTheContentOfItsTemplate() {
    disks.create("linux", "vm-1");
    try (Image disk = rbd.open("vm-1")) {
      byte[] start = new byte[SYSTEM.length];
      disk.readAt(0, start);
      assertArrayEquals(SYSTEM, start);
    }
  }

  @Test
  void thisRunsOnTheClassPath() {
    assertFalse(Rbd.class.getModule().isNamed());
  }

  @Test
  void aDiskCanGrow() {
    disks.create("linux", "vm-1");
    disks.grow("vm-1", 32 << 20);
    try (Image disk = rbd.open("vm-1")) {
      assertEquals(32 << 20, disk.size());
    }
  }

  @Test
  void thereIsNoDiskOfAnUnknownTemplate() {
    assertThrows(ImageNotFoundException.class, () -> disks.create("plan9", "vm-1"));
  }

  @Test
  void theClusterAndItsConnectionCanBeInjectedToo(CephCluster ceph, Cluster cluster, IoContext io) {
    assertEquals(cluster.fsid().toString(), ceph.ceph("fsid").strip());
    assertEquals(rbd.ioContext().poolName(), io.poolName());
  }
}
