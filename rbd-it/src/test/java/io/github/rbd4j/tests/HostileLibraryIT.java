package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole API on a library that answers anything: every errno, counts that are too short or huge,
 * sizes that grow with each try, text without an end, numbers that no time, state or enum has, NULL
 * for strings. What comes out is an exception or a value, in time and in a heap of 64 MiB.
 */
class HostileLibraryIT {
  @TempDir private Path folder = Path.of("");
  private Path libraries = Path.of("");

  @BeforeEach
  void compile() throws IOException {
    libraries = Gcc.stubs(folder);
  }

  /** Runs a program on the stub; a heap that is all there from the start does not grow. */
  private String run(Class<?> program, String argument) throws Exception {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Xms64m",
            "-Xmx64m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"));
    ForkedJvm.Result result =
        ForkedJvm.start(
                Files.createDirectory(folder.resolve("jvm")),
                Map.of("LD_LIBRARY_PATH", libraries.toString()),
                options,
                program.getName(),
                argument)
            .end(Duration.ofMinutes(5));
    assertThat(result.status()).as(result.errors()).isZero();
    assertThat(result.output()).doesNotContain("wrong");
    return result.output();
  }

  private static int number(String output, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(output);
    assertThat(matcher.find()).as(output).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  /** Each function that a method calls fails alone, so that no error hides behind another one. */
  @Test
  void everyErrnoOfEveryFunctionBecomesAnException() throws Exception {
    String output = run(StubMain.class, "errnos");
    assertThat(number(output, "(\\d+) methods reported errnos")).isGreaterThan(240);
  }

  @Test
  void whateverTheLibraryAnswersHarmsNothing() throws Exception {
    String output = run(StubMain.class, "hostile");
    assertThat(output)
        .contains("ConfigOption.source", "TrashEntry.source", "MigrationStatus.state")
        .contains("GroupImage.state", "GroupSnapshot.state", "MirrorPeer.direction")
        .contains("ImageMirrorInfo.state", "ImageParent.snapshotType");
    // Each buffer is tried 25 times; a list of metadata with pages of 256, 128, ... 1 entries.
    assertThat(number(output, "at most (\\d+) calls of one function"))
        .as(output)
        .isBetween(25, 9 * 25);
    assertThat(number(output, "at most (\\d+) MiB more")).isLessThan(128);
  }

  @Test
  void aWriteThatIsCutOffIsIncompleteAndALargeOneIsSplit() throws Exception {
    String output = run(StubTransfersMain.class, folder.resolve("sparse").toString());
    assertThat(number(output, "(\\d+) methods write")).isGreaterThanOrEqualTo(18);
    assertThat(output).contains("0 failures");
  }
}
