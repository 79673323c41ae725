package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The guides for those who come from other bindings name all that these have, and only what exists.
 */
class MigrationGuidesTest {
  private static final Pattern METHOD = Pattern.compile("`([A-Z][\\w.]*)#(\\w+)`");
  private static final Pattern CONSTRUCTOR = Pattern.compile("`new ([A-Z]\\w*)\\(([^)`]*)\\)`");
  private static final Pattern EXCEPTION = Pattern.compile("`([A-Z]\\w*Exception)`");
  private static final Pattern NAME =
      Pattern.compile("`(?:RbdException\\.)?([\\w.]+)(?:\\([^`]*\\))?`");
  private static final Path LISTS =
      Project.TEST_SOURCES.resolveSibling("resources/io/github/rbd4j/tests/coverage");
  private static final String NOT_NEEDED = "not needed";

  private final PublicTypes api = new PublicTypes();

  @ParameterizedTest
  @ValueSource(strings = {"from-go-ceph.md", "from-python.md", "from-rados-java.md"})
  void whatTheGuidesNameExists(String guide) {
    List<String> wrong = new ArrayList<>();
    Project.read(Project.DOCS.resolve(guide))
        .lines()
        .forEach(
            line -> {
              // In a table only the cells behind the first are about rbd4j.
              String ours = line.startsWith("|") ? line.replaceFirst("^\\|[^|]*\\|", "|") : line;
              METHOD
                  .matcher(line)
                  .results()
                  .filter(m -> !api.hasMethod(m.group(1), m.group(2)))
                  .forEach(m -> wrong.add(m.group()));
              CONSTRUCTOR
                  .matcher(ours)
                  .results()
                  .filter(m -> !api.hasConstructor(m.group(1), m.group(2)))
                  .forEach(m -> wrong.add(m.group()));
              EXCEPTION
                  .matcher(ours)
                  .results()
                  .filter(m -> !api.isException(m.group(1)))
                  .forEach(m -> wrong.add(m.group()));
            });
    assertThat(wrong).as("what %s names and rbd4j does not have", guide).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"go-ceph", "python", "rados-java"})
  void everyFunctionOfTheOtherApiHasARow(String other) {
    Set<String> named = new TreeSet<>();
    Project.read(Project.DOCS.resolve("from-" + other + ".md"))
        .lines()
        .filter(line -> line.startsWith("|"))
        .forEach(
            line ->
                NAME.matcher(line.split("\\|", -1)[1])
                    .results()
                    .forEach(name -> named.add(name.group(1))));
    List<String> missing =
        Project.read(LISTS.resolve(other + ".txt"))
            .lines()
            .filter(name -> !name.startsWith("#") && !named.contains(name))
            .toList();
    assertThat(missing).as("what %s has and the guide does not name", other).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"from-go-ceph.md", "from-python.md", "from-rados-java.md"})
  void everyRowSaysWhatToUse(String guide) {
    List<String> rows = new ArrayList<>();
    boolean table = false;
    for (String line : Project.read(Project.DOCS.resolve(guide)).lines().toList()) {
      String[] cells = line.split("\\|", -1);
      if (!line.startsWith("|")) {
        table = false;
      } else if (cells[2].strip().equals("rbd4j") && line.contains("Differences")) {
        table = true;
      } else if (table && !line.startsWith("|---")) {
        String ours = cells[2];
        if (!METHOD.matcher(ours).find()
            && !CONSTRUCTOR.matcher(ours).find()
            && !ours.contains(NOT_NEEDED)) {
          rows.add(line);
        }
      }
    }
    assertThat(rows).as("rows of %s without a counterpart", guide).isEmpty();
  }
}
