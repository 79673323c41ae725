package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Each line of the page about compatibility names a test, and the test is there. Each function that
 * only newer releases have is on the page, but for those that free what another one allocated.
 */
class CompatibilityPageTest {
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:IT|Test))\\.(\\w+)`");
  private static final Path SOURCES = Project.TEST_SOURCES.resolve("io/github/rbd4j/tests");

  @Test
  void everyLineOfItsTablesNamesATestThatIsThere() {
    List<String> wrong = new ArrayList<>();
    int named = 0;
    boolean inTable = false;
    for (String line : Project.read(Project.DOCS.resolve("compatibility.md")).lines().toList()) {
      // The last column of these tables is the test.
      inTable = line.startsWith("|") && (inTable || line.endsWith("| test |"));
      Matcher test = TEST.matcher(line);
      boolean found = false;
      while (test.find()) {
        found = true;
        named++;
        if (!exists(test.group(1), test.group(2))) {
          wrong.add("there is no " + test.group());
        }
      }
      if (inTable && !found && !line.endsWith("| test |") && !line.startsWith("|---")) {
        wrong.add("no test: " + line);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(named).isGreaterThan(15);
  }

  @Test
  void everyFunctionThatAnOldReleaseLacksIsNamed() {
    String page = Project.read(Project.DOCS.resolve("compatibility.md"));
    assertThat(
            Project.table(Project.RECIPE.resolve("since.tsv")).stream()
                .map(List::getFirst)
                .filter(function -> !function.endsWith("_cleanup")))
        .isNotEmpty()
        .allSatisfy(function -> assertThat(page).contains("`" + function + "`"));
  }

  private static boolean exists(String type, String method) {
    Path file = SOURCES.resolve(type + ".java");
    return Files.exists(file) && Project.read(file).contains("void " + method + "(");
  }
}
