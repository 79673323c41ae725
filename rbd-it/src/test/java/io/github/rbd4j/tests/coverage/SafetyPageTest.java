package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestTemplate;
import org.junit.platform.commons.support.AnnotationSupport;

/** The page about safety names tests that exist, and a test or a reason for each row. */
class SafetyPageTest {
  private static final Pattern ROW =
      Pattern.compile("^\\| (\\d)\\.(\\d+) \\| (.*) \\| (.*) \\| (.*) \\|$", Pattern.MULTILINE);
  private static final Pattern TEST = Pattern.compile("`([\\w$]+)#(\\w+)`");
  private static final Pattern NUMBERED = Pattern.compile("h(\\d)_(\\d\\d)_\\w+");

  /** What is in another class all the same has JVMs, or a cluster, of its own. */
  private static final String BY_THEMSELVES = "ExitIT#|FaultsIT#|FirstQuiesceWatchIT#|ForkedJvmIT#";

  private static List<MatchResult> rows() {
    Matcher matcher = ROW.matcher(Project.read(Project.DOCS.resolve("safety.md")));
    return matcher.results().toList();
  }

  @Test
  void theRowsAreNumberedWithoutAGap() {
    int[] last = new int[6];
    for (MatchResult row : rows()) {
      int section = Integer.parseInt(row.group(1));
      assertThat(Integer.parseInt(row.group(2))).as(row.group()).isEqualTo(++last[section]);
    }
    assertThat(last).containsExactly(0, 35, 18, 28, 10, 6);
  }

  @Test
  void everyRowHasATestThatExistsOrSaysWhyThereIsNone() throws ReflectiveOperationException {
    for (MatchResult row : rows()) {
      List<MatchResult> tests = TEST.matcher(row.group(5)).results().toList();
      if (tests.isEmpty()) {
        assertThat(row.group(5)).as(row.group()).isEqualTo("none");
        assertThat(row.group(4)).as(row.group()).matches("Not (reachable|preventable).*: .*");
      }
      if (!tests.isEmpty() && Integer.parseInt(row.group(1)) <= 3) {
        String own = "#h%s_%02d_".formatted(row.group(1), Integer.parseInt(row.group(2)));
        assertThat(row.group(5)).as(row.group()).containsPattern(own + "|" + BY_THEMSELVES);
      }
      for (MatchResult test : tests) {
        Class<?> type = Class.forName("io.github.rbd4j.tests." + test.group(1));
        assertThat(Arrays.stream(type.getDeclaredMethods()).filter(SafetyPageTest::isTest))
            .as(row.group())
            .anyMatch(method -> method.getName().equals(test.group(2)));
      }
    }
  }

  private static boolean isTest(Method method) {
    return AnnotationSupport.isAnnotated(method, Test.class)
        || AnnotationSupport.isAnnotated(method, TestTemplate.class);
  }

  @Test
  void everyNumberedTestStandsInItsRow() throws ClassNotFoundException {
    Set<String> listed = new TreeSet<>();
    for (MatchResult row : rows()) {
      TEST.matcher(row.group(5))
          .results()
          .map(test -> test.group(2))
          .filter(name -> NUMBERED.matcher(name).matches())
          .forEach(name -> listed.add(row.group(1) + "." + row.group(2) + " " + name));
    }
    List<String> existing = new ArrayList<>();
    for (String type : List.of("Hazards1IT", "Hazards2IT", "Hazards3IT")) {
      for (Method method : Class.forName("io.github.rbd4j.tests." + type).getDeclaredMethods()) {
        Matcher numbered = NUMBERED.matcher(method.getName());
        if (isTest(method)) {
          assertThat(numbered.matches()).as(method.getName()).isTrue();
          existing.add(
              numbered.group(1)
                  + "."
                  + Integer.parseInt(numbered.group(2))
                  + " "
                  + method.getName());
        }
      }
    }
    assertThat(existing.stream().sorted().collect(Collectors.toList()))
        .isEqualTo(List.copyOf(listed));
  }
}
