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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /** All that the library exports can be used without an import. */
  @Test
  void channelsAndTransfersAreThere(CephCluster ceph, Cluster cluster, @TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("vm.raw");
    String session =
        """
        rbd.create("vm", 8 << 20)
        Image vm = rbd.open("vm")
        ImageChannel.of(vm).write(ByteBuffer.wrap("hello".getBytes()))
        TransferOptions shown = TransferOptions.defaults()
        bar(it -> new ImageExporter(rbd, shown.listener(it)).raw("vm", null, Path.of("%s")))
        vm.close()
        """
            .formatted(file);
    try (SecondPool pool = new SecondPool(cluster)) {
      assertThat(printed(ceph.conf(), pool.name(), session))
          .containsExactly("[####################] 100 %");
    }
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).startsWith("hello");
  }

  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void withoutAClusterItStartsOneThatEndsWithIt() {
    List<String> printed =
        run(
            """
            rbd.create("vm", 8 << 20)
            images()
            System.out.println(System.getProperty("rbd4j.shell.conf"))
            """);
    assertThat(printed.get(1)).startsWith("vm ");
    Path conf = Path.of(printed.getLast());
    assertThat(conf.getParent()).doesNotExist();
    assertThat(
            ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(command -> command.contains(conf.getParent() + "")))
        .isEmpty();
  }

  private static List<String> printed(Path conf, String pool, String session) {
    return run(session, "--conf", conf.toString(), "--pool", pool).stream()
        .map(line -> line.replaceFirst("^\\d+( +monday)", "4$1"))
        .toList();
  }

  private static List<String> run(String session, String... options) {
    List<String> command = new ArrayList<>();
    command.add(ROOT.resolve("bin/jshell").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("--class-path", System.getProperty("java.class.path"), "-"));
    CommandLine.Result result =
        CommandLine.run(
            Duration.ofMinutes(3),
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            command,
            session.getBytes(StandardCharsets.UTF_8));

    assertThat(result.status()).as(result.errors()).isZero();
    return Stream.of(result.text().split("\n"))
        .skip(1) // the greeting
        .map(line -> line.substring(line.lastIndexOf('\r') + 1)) // the last state of the bar
        .toList();
  }

  private static String block(String page, String language) {
    return page.split("```" + language + "\n", 2)[1].split("```", 2)[0];
  }
}
