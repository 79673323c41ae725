package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Runs after all integration tests: what the JVM of these tests wrote down must show that every
 * function was called. The bindings have a class for each function, which is initialised by the
 * first call.
 */
class NativeCallsCheck {
  private static final Pattern INITIALISED =
      Pattern.compile("io[./]github[./]rbd4j[./]bindings[./]librbd_h\\$(r\\w+)");

  @Test
  void theTestsCalledEveryFunction() throws IOException {
    Path log = Path.of(System.getProperty("rbd4j.coverage.log", "native-calls.log"));
    assertThat(log).as("the log of the JVM that ran the integration tests").exists();
    Set<String> called = called(log);
    Files.write(log.resolveSibling("native-calls.txt"), called);

    List<Coverage.Function> functions = new Coverage().functions();
    assertThat(functions)
        .as("functions that only something other than a call can have initialised")
        .filteredOn(f -> !f.isCalled() && called.contains(f.name()))
        .isEmpty();

    Set<String> absent = new TreeSet<>();
    for (Coverage.Function f : functions) {
      if (!isInstalled(f.name())) {
        absent.add(f.name());
      }
    }
    List<String> never = new ArrayList<>();
    for (Coverage.Function f : functions) {
      boolean replaced =
          functions.stream()
              .anyMatch(n -> f.name().equals(n.replaces()) && !absent.contains(n.name()));
      if (f.isCalled() && !replaced && !absent.contains(f.name()) && !called.contains(f.name())) {
        never.add(f.name() + " of " + f.javaNames());
      }
    }
    assertThat(never)
        .as(
            "functions that no integration test called (%d were called, %d are not in this librbd)",
            called.size(), absent.size())
        .isEmpty();
  }

  private static Set<String> called(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      Set<String> called = new TreeSet<>();
      lines
          .filter(line -> line.contains("Initializing"))
          .map(INITIALISED::matcher)
          .filter(Matcher::find)
          .forEach(m -> called.add(m.group(1)));
      return called;
    }
  }

  @SuppressWarnings("restricted")
  private static boolean isInstalled(String function) {
    return Stream.of("librbd.so.1", "librados.so.2")
        .anyMatch(l -> SymbolLookup.libraryLookup(l, Arena.global()).find(function).isPresent());
  }
}
