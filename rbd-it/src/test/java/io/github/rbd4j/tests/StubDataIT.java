package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What reads and writes make of answers that no cluster gives when it is asked to. */
class StubDataIT {
  @TempDir private Path folder = Path.of("");
  private Path libraries = Path.of("");

  @BeforeEach
  void compile() throws IOException {
    libraries = Gcc.stubs(folder);
  }

  private List<String> run(String what) throws Exception {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"));
    ForkedJvm.Result result =
        ForkedJvm.start(
                Files.createDirectory(folder.resolve("jvm")),
                Map.of("LD_LIBRARY_PATH", libraries.toString()),
                options,
                StubDataMain.class.getName(),
                what)
            .end();
    assertThat(result.status()).as(result.errors()).isZero();
    return result.output().lines().toList();
  }

  @Test
  void readsAndWritesOfNativeMemoryAllocateNothing() throws Exception {
    assertThat(run("allocations"))
        .containsExactly("a read allocates: nothing", "a write allocates: nothing");
  }

  @Test
  void aChangeOfTheSizeMeanwhileIsNoticed() throws Exception {
    assertThat(run("sizes"))
        .containsExactly(
            "short write: 100",
            "short discard: 100",
            "short pattern: 100",
            "cut off write: 990",
            "cut off vector: 990",
            "lost discard: 0",
            "read where it grows: 4096",
            "asynchronous read where it grows: 4096",
            "vector where it grows: 4096");
  }

  @Test
  void hintsArrive() throws Exception {
    assertThat(run("flags"))
        .containsExactly(
            "zeroes: true",
            "pattern: true",
            "compare: true",
            "compare vectors: true",
            "no hints: true");
  }
}
