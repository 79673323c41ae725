package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page about the coverage of librbd is what the sources say. */
class ApiCoverageTest {
  private static final Path PAGE = Project.DOCS.resolve("api-coverage.md");

  private final Coverage coverage = new Coverage();

  @Test
  void everyFunctionIsAccountedFor() {
    assertThat(coverage.problems()).isEmpty();
  }

  @Test
  void thePageIsUpToDate() throws IOException {
    String page = coverage.page();
    if (Boolean.getBoolean("rbd4j.coverage.write")) {
      Files.writeString(PAGE, page);
    }
    String committed = Files.exists(PAGE) ? Project.read(PAGE) : "";
    if (!committed.equals(page)) {
      List<String> old = committed.lines().toList();
      List<String> now = page.lines().toList();
      fail(
          "docs/api-coverage.md is not up to date; -Drbd4j.coverage.write=true writes it.%n%s%n%s",
          with("- ", old, now), with("+ ", now, old));
    }
  }

  /** The lines that only the first list has. */
  private static String with(String sign, List<String> lines, List<String> others) {
    return lines.stream()
        .filter(line -> !others.contains(line))
        .map(line -> sign + line)
        .collect(Collectors.joining("\n"));
  }
}
