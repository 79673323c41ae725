package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.it.CommandLine;
import io.github.rbd4j.rados.Cluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The session of docs/jshell.md, fed to the shell, prints what that page says. */
@CephTest
class JshellIT {
  private static final Path ROOT = Path.of(System.getProperty("rbd4j.it.root", ".."));

  @Test
  void theDocumentedSessionPrintsWhatItSays(CephCluster ceph, Cluster cluster) throws IOException {
    String page = Files.readString(ROOT.resolve("docs/jshell.md"));
    String session = block(page, "jshell");
    assertThat(session.lines()).hasSize(10);
    try (SecondPool pool = new SecondPool(cluster)) {
      assertThat(printed(ceph.conf(), pool.name(), session))
          .isEqualTo(block(page, "text").lines().toList());
      assertThat(ceph.rbd("ls", pool.name()).strip()).isEqualTo("vm");
    }
  }

  private static List<String> printed(Path conf, String pool, String session) {
    CommandLine.Result result =
        CommandLine.run(
            Duration.ofMinutes(3),
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            List.of(
                ROOT.resolve("bin/jshell").toString(),
                "--conf",
                conf.toString(),
                "--pool",
                pool,
                "--class-path",
                System.getProperty("java.class.path"),
                "-"),
            session.getBytes(StandardCharsets.UTF_8));

    assertThat(result.status()).as(result.errors()).isZero();
    return Stream.of(result.text().split("\n"))
        .skip(1) // the greeting
        .map(line -> line.substring(line.lastIndexOf('\r') + 1)) // the last state of the bar
        .map(line -> line.replaceFirst("^\\d+( +monday)", "4$1"))
        .toList();
  }

  private static String block(String page, String language) {
    return page.split("```" + language + "\n", 2)[1].split("```", 2)[0];
  }
}
