package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guides for those who come from other bindings name only what exists. */
class MigrationGuidesTest {
  private static final Pattern METHOD = Pattern.compile("`([A-Z][\\w.]*)#(\\w+)`");
  private static final Pattern CONSTRUCTOR = Pattern.compile("`new ([A-Z]\\w*)\\(([^)`]*)\\)`");
  private static final Pattern EXCEPTION = Pattern.compile("`([A-Z]\\w*Exception)`");
  private static final String PLANNED = "`planned`";
  private static final String NOT_NEEDED = "not needed";

  private final Map<String, Class<?>> api = api();

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
                  .filter(m -> !hasMethod(m.group(1), m.group(2)))
                  .forEach(m -> wrong.add(m.group()));
              CONSTRUCTOR
                  .matcher(ours)
                  .results()
                  .filter(m -> !hasConstructor(m.group(1), m.group(2)))
                  .forEach(m -> wrong.add(m.group()));
              EXCEPTION
                  .matcher(ours)
                  .results()
                  .filter(m -> !isException(m.group(1)))
                  .forEach(m -> wrong.add(m.group()));
            });
    assertThat(wrong).as("what %s names and rbd4j does not have", guide).isEmpty();
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
            && !ours.contains(PLANNED)
            && !ours.contains(NOT_NEEDED)) {
          rows.add(line);
        }
      }
    }
    assertThat(rows).as("rows of %s without a counterpart", guide).isEmpty();
  }

  @Test
  void nothingIsPlannedWhenAllIsDone() {
    boolean done =
        new Coverage().functions().stream().noneMatch(f -> f.status() == Coverage.Status.PLANNED);
    for (Path guide : Project.files(Project.DOCS, ".md")) {
      List<String> planned =
          Project.read(guide)
              .lines()
              .filter(line -> line.startsWith("|") && line.contains(PLANNED))
              .toList();
      if (done) {
        assertThat(planned).as("%s says planned, but every function is there", guide).isEmpty();
      }
    }
  }

  private boolean hasMethod(String type, String name) {
    Class<?> found = api.get(type);
    return found != null
        && Arrays.stream(found.getMethods()).map(Method::getName).anyMatch(name::equals);
  }

  private boolean hasConstructor(String type, String parameters) {
    Class<?> found = api.get(type);
    int count = parameters.isBlank() ? 0 : parameters.split(",", -1).length;
    return found != null
        && Arrays.stream(found.getConstructors())
            .map(Constructor::getParameterCount)
            .anyMatch(n -> n == count);
  }

  private boolean isException(String name) {
    return api.containsKey(name) || load("java.lang." + name) != null;
  }

  /** The public classes of the exported packages, by the name that a reader would write. */
  private static Map<String, Class<?>> api() {
    Map<String, Class<?>> result = new HashMap<>();
    for (Path file : Project.files(Project.API_CLASSES, ".class")) {
      String path = Project.API_CLASSES.relativize(file).toString();
      String name = path.replaceFirst("\\.class$", "").replace('/', '.');
      if (name.contains(".internal.") || name.endsWith("-info")) {
        continue;
      }
      Class<?> type = load(name);
      if (type != null && Modifier.isPublic(type.getModifiers())) {
        result.put(name.substring(name.lastIndexOf('.') + 1).replace('$', '.'), type);
      }
    }
    return result;
  }

  private static @Nullable Class<?> load(String name) {
    try {
      return Class.forName(name, false, MigrationGuidesTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return null;
    }
  }
}
