package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
  private static final Pattern REPORTS = Pattern.compile("(\\d+) methods reported errnos");

  @TempDir private Path folder = Path.of("");
  private Path libraries = Path.of("");

  @BeforeEach
  void compile() throws IOException {
    libraries = Gcc.stubs(folder);
  }

  private String run(String what) throws Exception {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx64m",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"));
    ForkedJvm.Result result =
        ForkedJvm.start(
                Files.createDirectory(folder.resolve("jvm")),
                Map.of("LD_LIBRARY_PATH", libraries.toString()),
                options,
                StubMain.class.getName(),
                what)
            .end();
    assertThat(result.status()).as(result.errors()).isZero();
    assertThat(result.output()).doesNotContain("wrong").contains("methods reported");
    return result.output();
  }

  @Test
  void everyErrnoOfEveryFunctionBecomesAnException() throws Exception {
    String output = run("errnos");
    Matcher reports = REPORTS.matcher(output);
    assertThat(reports.find()).as(output).isTrue();
    assertThat(Integer.parseInt(reports.group(1))).isGreaterThan(230);
  }

  @Test
  void whateverTheLibraryAnswersHarmsNothing() throws Exception {
    assertThat(run("hostile"))
        .contains("ConfigOption.source", "TrashEntry.source", "MigrationStatus.state")
        .contains("GroupImage.state", "GroupSnapshot.state", "MirrorPeer.direction")
        .contains("ImageMirrorInfo.state", "ImageParent.snapshotType");
  }
}
