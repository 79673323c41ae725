package io.github.rbd4j.tests.coverage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The files of the project, found from its root. */
final class Project {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("rbd4j.it.root"), "rbd4j.it.root"));

  static final Path API_SOURCES = ROOT.resolve("rbd-api/src/main/java");
  static final Path API_CLASSES = ROOT.resolve("rbd-api/target/classes");
  static final Path BINDINGS =
      ROOT.resolve("rbd-bindings/src/main/java/io/github/rbd4j/bindings/librbd_h.java");
  static final Path FIXTURE_CLASSES = ROOT.resolve("rbd-it/target/classes");
  static final Path TEST_CLASSES = ROOT.resolve("rbd-it/target/test-classes");
  static final Path TEST_SOURCES = ROOT.resolve("rbd-it/src/test/java");
  static final Path DOCS = ROOT.resolve("docs");
  static final Path RECIPE = ROOT.resolve("jextract");

  private Project() {}

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All files below a folder with a name that ends so, sorted. */
  static List<Path> files(Path folder, String ending) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rows of a hand-written table: fields between tabs, {@code #} starts a comment line. */
  static List<List<String>> table(Path file) {
    return read(file)
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> List.of(line.split("\t", -1)))
        .toList();
  }
}
