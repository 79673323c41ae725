package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.github.rbd4j.internal.NativeSymbols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page about the coverage of librbd is what the sources say. */
class ApiCoverageTest {
  private static final Path PAGE = Project.DOCS.resolve("api-coverage.md");

  private static final Pattern REQUIRE = Pattern.compile("NativeSymbols\\.require\\(\"(\\w+)\"\\)");

  private final Coverage coverage = new Coverage();

  @Test
  void everyFunctionIsAccountedFor() {
    assertThat(coverage.problems()).isEmpty();
  }

  @Test
  void anExceptionNamesTheReleaseOfEachFunctionThatMayBeMissing() {
    Map<String, Integer> since =
        coverage.functions().stream()
            .collect(Collectors.toMap(Coverage.Function::name, Coverage.Function::since));
    NativeSymbols.SINCE.forEach(
        (function, release) -> assertThat(since).containsEntry(function, release));
    Set<String> required = new TreeSet<>();
    for (Path source : Project.files(Project.API_SOURCES, ".java")) {
      REQUIRE.matcher(Project.read(source)).results().forEach(m -> required.add(m.group(1)));
    }
    assertThat(required).isEqualTo(NativeSymbols.SINCE.keySet());
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
