package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.it.CommandLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example at the top of the README does what it promises, run as a newcomer would run it. */
@CephTest
class ReadmeExampleIT {
  @Test
  void theExampleRuns(CephCluster ceph, Rbd rbd, @TempDir Path folder) throws IOException {
    String name = Names.unique("readme");
    Path root = Path.of(System.getProperty("rbd4j.it.root", ".."));
    String readme = Files.readString(root.resolve("README.md"));
    String example = readme.split("```java\n", 2)[1].split("```", 2)[0].replace("vm-1", name);
    Path file = Files.writeString(folder.resolve("Example.java"), example);

    CommandLine.Result result =
        CommandLine.run(
            Duration.ofMinutes(1),
            Map.of("CEPH_CONF", ceph.conf().toString()),
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                file.toString()));

    assertThat(result.errors()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.text().strip()).isEqualTo("DiffExtent[offset=4096, length=5, exists=true]");
    assertThat(ceph.rbd("snap", "ls", name)).contains("monday");
    ceph.rbd("snap", "rm", name + "@monday");
    rbd.remove(name);
  }
}
