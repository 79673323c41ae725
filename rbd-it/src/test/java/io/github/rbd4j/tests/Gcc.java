package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.it.CommandLine;
import io.github.rbd4j.tests.coverage.StubLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Compiles the libraries in C that some tests put in front of others. */
final class Gcc {
  private static final Path SOURCES =
      Path.of(Objects.requireNonNull(System.getProperty("rbd4j.it.root"), "rbd4j.it.root"))
          .resolve("rbd-it/src/test/c");

  private Gcc() {}

  /** The source file of that name. */
  static Path source(String name) {
    return SOURCES.resolve(name);
  }

  /** Makes a shared library of C files. */
  static void library(Path library, List<String> options, Path... files) {
    List<String> command = new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-O1"));
    command.addAll(List.of("-Wall", "-Werror", "-o", library.toString()));
    command.addAll(options);
    for (Path file : files) {
      command.add(file.toString());
    }
    CommandLine.Result result = CommandLine.run(Duration.ofMinutes(2), Map.of(), command);
    assertThat(result.status()).as(result.errors()).isZero();
  }

  /** Makes what stands in for librbd and librados; the folder is for {@code LD_LIBRARY_PATH}. */
  static Path stubs(Path folder) throws IOException {
    Path libraries = Files.createDirectory(folder.resolve("libraries"));
    Path written = source("stub.c");
    Path generated = folder.resolve("generated.c");
    Files.writeString(generated, StubLibrary.source(Files.readString(written)));
    library(libraries.resolve("librbd.so.1"), List.of("-pthread"), written, generated);
    Path empty = folder.resolve("empty.c");
    Files.writeString(empty, "int all_is_in_librbd;\n");
    library(libraries.resolve("librados.so.2"), List.of(), empty);
    return libraries;
  }
}
