package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What one client writes another reads bit for bit: rbd4j, the rbd program, Python's librbd. */
@CephTest
class InteropIT {
  private static final int SIZE = 12 << 20;

  /** Debian's Python has Ceph's bindings; another Python that is first in the path has not. */
  private static final String PYTHON = "/usr/bin/python3";

  private static final String OPEN =
      """
      import os, sys, rados, rbd
      cluster = rados.Rados(conffile=os.environ['CEPH_CONF'])
      cluster.connect()
      io = cluster.open_ioctx('rbd')
      image = rbd.Image(io, sys.argv[1])
      """;

  private static final String CLOSE =
      """
      image.close()
      io.close()
      cluster.shutdown()
      """;

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("interop");

  InteropIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @AfterEach
  void remove() {
    rbd.remove(name);
  }

  private byte[] python(byte[] input, String script) {
    return ceph.tool(PYTHON, input, "-c", OPEN + script + CLOSE, name).output();
  }

  /** Data with holes: the first part of an object, all of one, nothing, some across two. */
  private static byte[] pattern(long seed) {
    byte[] data = new byte[SIZE];
    System.arraycopy(Checks.random(5000, seed), 0, data, 0, 5000);
    System.arraycopy(Checks.random(3 << 20, seed + 1), 0, data, (3 << 20) - 777, 3 << 20);
    System.arraycopy(Checks.random(100, seed + 2), 0, data, SIZE - 100, 100);
    return data;
  }

  private void write(byte[] data) {
    try (Image image = rbd.open(name)) {
      image.writeAt(0, data, 0, 5000);
      image.writeAt((3 << 20) - 777, data, (3 << 20) - 777, 3 << 20);
      image.writeAt(SIZE - 100, data, SIZE - 100, 100);
    }
  }

  private byte[] read() {
    try (Image image = rbd.openReadOnly(name)) {
      byte[] data = new byte[(int) image.size()];
      assertThat(image.readAt(0, data)).isEqualTo(data.length);
      return data;
    }
  }

  @Test
  void theProgramReadsWhatTheLibraryWrote() {
    rbd.create(name, SIZE);
    byte[] data = pattern(1);
    write(data);
    byte[] exported = ceph.tool("rbd", new byte[0], "export", "--no-progress", name, "-").output();
    assertThat(Arrays.equals(exported, data)).isTrue();
  }

  @Test
  void theLibraryReadsWhatTheProgramWrote() {
    byte[] data = pattern(10);
    ceph.tool("rbd", data, "import", "--no-progress", "-", name);
    try (Image image = rbd.open(name)) {
      image.resize(SIZE, true); // an import from a pipe guesses the size
    }
    assertThat(Arrays.equals(read(), data)).isTrue();
  }

  @Test
  void pythonReadsWhatTheLibraryWrote() {
    rbd.create(name, SIZE);
    byte[] data = pattern(20);
    write(data);
    byte[] back = python(new byte[0], "sys.stdout.buffer.write(image.read(0, image.size()))\n");
    assertThat(Arrays.equals(back, data)).isTrue();
  }

  @Test
  void theLibraryReadsWhatPythonWrote() {
    rbd.create(name, SIZE);
    byte[] data = pattern(30);
    python(data, "image.write(sys.stdin.buffer.read(), 0)\n");
    assertThat(Arrays.equals(read(), data)).isTrue();
  }

  @Test
  void stripedDataIsTheSameForAll() {
    ImageOptions options = new ImageOptions();
    options
        .features(EnumSet.of(Feature.LAYERING, Feature.STRIPINGV2, Feature.EXCLUSIVE_LOCK))
        .order(20)
        .striping(4096, 5);
    rbd.create(name, SIZE, options);
    byte[] data = pattern(40);
    write(data);
    byte[] exported = ceph.tool("rbd", new byte[0], "export", "--no-progress", name, "-").output();
    assertThat(Arrays.equals(exported, data)).isTrue();
    python(new byte[0], "image.write(b'\\x2a' * 30000, 1000)\n");
    Arrays.fill(data, 1000, 31000, (byte) 42);
    assertThat(Arrays.equals(read(), data)).isTrue();
  }

  @Test
  void twoClientsTakeTurnsAtTheExclusiveLock() {
    rbd.create(name, SIZE);
    try (Image image = rbd.open(name)) {
      for (byte turn = 1; turn <= 3; turn++) {
        byte[] mine = new byte[4096];
        Arrays.fill(mine, turn);
        image.writeAt(0, mine);
        python(new byte[0], "image.write(bytes([" + (turn + 100) + "]) * 4096, 4096)\n");
        byte[] both = new byte[8192];
        image.readAt(0, both);
        assertThat(Arrays.copyOf(both, 4096)).containsOnly(turn);
        assertThat(Arrays.copyOfRange(both, 4096, 8192)).containsOnly(turn + 100);
      }
    }
  }

  @Test
  void metadataAndSnapshotsAreTheSameForAll() {
    rbd.create(name, SIZE);
    byte[] old = pattern(50);
    write(old);
    try (Image image = rbd.open(name)) {
      image.setMetadata("größe", "鍵");
      image.createSnapshot("schnappschuß");
      image.writeZeroes(0, SIZE);
    }
    byte[] back =
        python(
            new byte[0],
            """
            assert image.metadata_get('größe') == '鍵'
            assert [s['name'] for s in image.list_snaps()] == ['schnappschuß']
            image.set_snap('schnappschuß')
            sys.stdout.buffer.write(image.read(0, image.size()))
            image.set_snap(None)
            image.metadata_set('from', 'python 🐍')
            image.create_snap('second')
            """);
    assertThat(Arrays.equals(back, old)).isTrue();
    try (Image image = rbd.open(name)) {
      assertThat(image.metadata()).isEqualTo(Map.of("größe", "鍵", "from", "python 🐍"));
      assertThat(image.snapshots())
          .extracting(io.github.rbd4j.SnapshotInfo::name)
          .containsExactly("schnappschuß", "second");
      image.snapshot("second").remove();
      image.snapshot("schnappschuß").remove();
    }
  }
}
