package example.services;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@CephTest(pool = CephTest.Pool.PER_METHOD)
class BackupServiceTest {
  private static final long SIZE = 64 << 20;

  @Test
  void thisRunsOnTheModulePath() {
    assertEquals("io.github.rbd4j", Rbd.class.getModule().getName());
  }

  @Test
  void threeNightsAreBackedUpVerifiedAndRestored(Rbd rbd, @TempDir Path directory)
      throws IOException {
    BackupService service = new BackupService(rbd, directory);
    rbd.create("vm", SIZE);

    write(rbd, "vm", 0, 1);
    Path first = service.backup("vm");
    write(rbd, "vm", 8 << 20, 2);
    Path second = service.backup("vm");
    write(rbd, "vm", 0, 3);
    service.backup("vm");
    service.verify("vm");
    service.restore("vm", "restored");

    // Incremental: the second file holds the one block that changed, not the first one again.
    assertEquals(Files.size(first), Files.size(second), 100);
    try (Image vm = rbd.open("vm");
        Image restored = rbd.open("restored")) {
      assertEquals(List.of("backup-000003"), vm.snapshots().stream().map(s -> s.name()).toList());
      assertEquals(3, restored.snapshots().size());
      assertArrayEquals(content(vm), content(restored));
      restored.setSnapshot("backup-000001");
      byte[] early = content(restored);
      assertEquals(1, early[0]);
      assertEquals(0, early[8 << 20]);
    }
  }

  @Test
  void aDamagedBackupRestoresNothing(Rbd rbd, @TempDir Path directory) throws IOException {
    BackupService service = new BackupService(rbd, directory);
    rbd.create("vm", SIZE);
    write(rbd, "vm", 0, 1);
    Path file = service.backup("vm");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));

    assertThrows(IOException.class, () -> service.verify("vm"));
    assertEquals(List.of("vm"), rbd.list().stream().map(image -> image.name()).toList());
  }

  @Test
  void aBackupWhoseBaseIsGoneIsRefused(Rbd rbd, @TempDir Path directory) throws IOException {
    BackupService service = new BackupService(rbd, directory);
    rbd.create("vm", SIZE);
    service.backup("vm");
    try (Image vm = rbd.open("vm")) {
      vm.snapshot("backup-000001").remove();
    }
    assertTrue(
        assertThrows(IllegalStateException.class, () -> service.backup("vm"))
            .getMessage()
            .contains("vm@backup-000001"));
  }

  @Test
  void itRunsAsAProgram(Rbd rbd, CephCluster ceph, @TempDir Path directory) throws Exception {
    rbd.create("vm", SIZE);
    write(rbd, "vm", 0, 1);
    String pool = rbd.ioContext().poolName();
    run(ceph, "backup", pool, "vm", directory.toString());
    run(ceph, "verify", pool, "vm", directory.toString());
    run(ceph, "restore", pool, "vm", directory.toString(), "restored");
    try (Image vm = rbd.open("vm");
        Image restored = rbd.open("restored")) {
      assertArrayEquals(content(vm), content(restored));
    }
  }

  /** As cron would, but with another configuration than that of the machine. */
  private static void run(CephCluster ceph, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("jdk.module.path", "")
                    + File.pathSeparator
                    + System.getProperty("java.class.path"),
                BackupService.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder program = new ProcessBuilder(command).inheritIO();
    program.environment().put("CEPH_CONF", ceph.conf().toString());
    assertEquals(0, program.start().waitFor());
  }

  private static void write(Rbd rbd, String name, long offset, int value) {
    byte[] block = new byte[1 << 20];
    Arrays.fill(block, (byte) value);
    try (Image image = rbd.open(name)) {
      image.writeAt(offset, block);
    }
  }

  private static byte[] content(Image image) {
    byte[] content = new byte[(int) image.size()];
    image.readAt(0, content);
    return content;
  }
}
