package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keys and passphrases are in no output and no log, in no heap dump, and in none of the memory of a
 * process where nobody but rbd4j can have put them. What a secret is searched with is shown to work
 * by one that was not erased.
 */
@CephTest
class SecretsIT {
  private static final int CHUNK = 16 << 20;
  private static final int PAGE = 4096;
  private static final List<Charset> CHARSETS =
      List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE);

  private final CephCluster ceph;
  private final Cluster cluster;

  @TempDir private Path folder = Path.of("");

  SecretsIT(CephCluster ceph, Cluster cluster) {
    this.ceph = ceph;
    this.cluster = cluster;
  }

  private ForkedJvm start(Map<String, String> environment, String... arguments) throws IOException {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("-Xmx64m");
    options.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=trace");
    List<String> command = new ArrayList<>(List.of(SecretsMain.class.getName()));
    command.addAll(List.of(arguments));
    return ForkedJvm.start(
        Files.createDirectory(folder.resolve("jvm")),
        environment,
        options,
        command.toArray(String[]::new));
  }

  private static String secret(long seed) {
    return new String(SecretsMain.derive(seed));
  }

  /**
   * Reads, or nothing: since glibc 2.42 the guard page of a stack is inside of its mapping, and
   * nobody can read it.
   */
  private static int read(FileChannel file, ByteBuffer buffer, long at) {
    try {
      return file.read(buffer, at);
    } catch (IOException guardPage) {
      return 0;
    }
  }

  /** Which of the texts are in a part of a file, in which encoding. */
  private static Set<String> find(FileChannel file, long start, long end, List<String> texts) {
    Set<String> found = new TreeSet<>();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    int overlap = 4 * texts.stream().mapToInt(String::length).max().orElseThrow();
    long at = start;
    while (at < end) {
      buffer.clear().limit((int) Math.min(CHUNK, end - at));
      int read = read(file, buffer, at);
      if (read <= 0) {
        at = (at / PAGE + 1) * PAGE;
        continue;
      }
      at += read == CHUNK && at + read < end ? read - overlap : read;
      String chunk = new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
      for (String text : texts) {
        for (Charset charset : CHARSETS) {
          if (chunk.contains(new String(text.getBytes(charset), StandardCharsets.ISO_8859_1))) {
            found.add(text + " in " + charset);
          }
        }
      }
    }
    return found;
  }

  private static Set<String> findInMemory(long pid, List<String> texts) throws IOException {
    Set<String> found = new TreeSet<>();
    List<String> maps = Files.readAllLines(Path.of("/proc/" + pid + "/maps"));
    try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "r")) {
      for (String line : maps) {
        String[] words = line.split(" +|-", 4);
        if (words[2].startsWith("rw")) {
          long start = Long.parseUnsignedLong(words[0], 16);
          long end = Long.parseUnsignedLong(words[1], 16);
          found.addAll(find(memory.getChannel(), start, end, texts));
        }
      }
    }
    return found;
  }

  /** The stub keeps nothing, so that any copy would be one of rbd4j. */
  @Test
  void nothingIsLeftInTheMemoryOfTheProcess() throws Exception {
    String control = secret(SecretsMain.CONTROL);
    List<String> texts =
        List.of(
            control,
            secret(SecretsMain.KEY),
            secret(SecretsMain.PASSPHRASE),
            secret(SecretsMain.WRONG));
    ForkedJvm jvm = start(Map.of("LD_LIBRARY_PATH", Gcc.stubs(folder).toString()), "stub");
    try {
      jvm.awaitOutput("ready");
      assertThat(findInMemory(jvm.pid(), texts))
          .contains(control + " in UTF-8", control + " in UTF-16LE")
          .allMatch(found -> found.startsWith(control));
      assertThat(jvm.output() + jvm.errors()).doesNotContain(texts);
    } finally {
      jvm.kill();
    }
  }

  @Test
  void nothingIsInOutputLogsAndHeapDumps() throws Exception {
    String image = Names.unique("secret");
    ceph.rbd("create", "--size", "24M", image);
    String control = secret(SecretsMain.CONTROL);
    String key = ceph.ceph("auth", "get-key", "client.admin").strip();
    Path keyring = folder.resolve("keyring");
    ceph.ceph("auth", "get", "client.admin", "-o", keyring.toString());
    List<String> texts =
        List.of(
            control,
            key.substring(0, 30), // the wrong key is the same so far
            secret(SecretsMain.PASSPHRASE),
            secret(SecretsMain.WRONG));
    ForkedJvm.Result result =
        start(
                Map.of(),
                "cluster",
                cluster.config("mon_host"),
                keyring.toString(),
                image,
                folder.toString())
            .end(Duration.ofMinutes(5)); // the formats take their time on purpose
    assertThat(result.status()).as(result.errors()).isZero();
    assertThat(result.output()).contains("ready").doesNotContain(texts);
    assertThat(result.errors())
        .contains(
            "EACCES",
            "EPERM",
            "EROFS",
            "librbd::",
            "librados: ",
            "monclient: ") // the native log is there, too
        .doesNotContain(texts);
    for (String name : List.of("all.hprof", "live.hprof")) {
      try (FileChannel dump = FileChannel.open(folder.resolve(name))) {
        assertThat(find(dump, 0, dump.size(), texts))
            .as(name)
            .contains(control + " in UTF-8", control + " in UTF-16BE")
            .allMatch(found -> found.startsWith(control));
      }
    }
  }
}
