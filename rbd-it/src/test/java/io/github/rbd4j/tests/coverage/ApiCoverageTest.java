package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    assertThat(Files.exists(PAGE) ? Project.read(PAGE) : "")
        .as("docs/api-coverage.md (write it with -Drbd4j.coverage.write=true)")
        .isEqualTo(page);
  }
}
