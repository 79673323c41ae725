package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of faults names each test, and no other. */
class FaultsDocumentationTest {
  @Test
  void everyRowIsATest() throws IOException {
    Path page = Path.of(System.getProperty("rbd4j.it.root"), "docs", "faults.md");
    List<String> named =
        Files.readAllLines(page).stream()
            .filter(line -> line.startsWith("| ") && line.endsWith("` |"))
            .map(line -> line.substring(line.lastIndexOf(" `") + 2, line.length() - 3))
            .toList();
    List<String> tests =
        Arrays.stream(FaultsIT.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Test.class))
            .map(Method::getName)
            .toList();
    assertThat(named).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(tests);
  }
}
