package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of docs/errors.md says of each errno what it is mapped to. */
class ErrorsPageTest {
  private static final Pattern ROW =
      Pattern.compile(
          "^\\| (E\\w+) (\\d+) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$", Pattern.MULTILINE);
  private static final Pattern TYPE = Pattern.compile("`(\\w+Exception)`");

  @Test
  void thePageNamesTheExceptionsOfEachErrno() throws IOException {
    Path root = Path.of(System.getProperty("rbd4j.it.root", ".."));
    Matcher row = ROW.matcher(Files.readString(root.resolve("docs/errors.md")));
    Map<String, Set<String>> documented = new TreeMap<>();
    while (row.find()) {
      Set<String> types = new TreeSet<>();
      assertThat(row.group(4)).as("the cause of %s", row.group(1)).isNotBlank();
      assertThat(row.group(5)).as("the cure of %s", row.group(1)).isNotBlank();
      TYPE.matcher(row.group(3)).results().forEach(type -> types.add(type.group(1)));
      documented.put(row.group(1) + " " + row.group(2), types);
    }

    Map<String, Set<String>> mapped = new TreeMap<>();
    for (Errno errno : Errno.values()) {
      Set<String> types = new LinkedHashSet<>();
      for (Subject subject : Subject.values()) {
        Operation operation = new Operation("try", subject, "object");
        types.add(Failures.toException(errno.result(), operation, null).getClass().getSimpleName());
      }
      mapped.put(errno.name() + " " + errno.code(), new TreeSet<>(types));
    }
    // Connecting has an exception of its own for a time-out, which is made where it connects.
    mapped.computeIfAbsent("ETIMEDOUT 110", _ -> new TreeSet<>()).add("ClusterConnectionException");

    assertThat(documented).isEqualTo(mapped);
  }
}
