package io.github.rbd4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The page that is published: all was measured, each missed bar has its reason, all plots exist.
 */
class PublishedPageTest {
  private static final Path DOCS = Path.of("..", "docs");

  @Test
  void eachMissedBarHasItsReason() throws IOException {
    assertThat(page()).doesNotContain(Missed.UNEXPLAINED).doesNotContain("| failed |");
  }

  @Test
  void whatItRefersToIsThere() throws IOException {
    assertThat(page()).contains("performance/speed.svg", "performance/cost.svg");
    assertThat(DOCS.resolve("performance/speed.svg")).isNotEmptyFile();
    assertThat(DOCS.resolve("performance/cost.svg")).isNotEmptyFile();
  }

  private static String page() throws IOException {
    return Files.readString(DOCS.resolve("performance.md"));
  }
}
