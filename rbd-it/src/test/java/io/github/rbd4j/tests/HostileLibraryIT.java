package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.tests.coverage.StubLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole API on a library that answers anything: every errno, sizes that grow with each try,
 * huge counts and results, text without an end, numbers of enums that do not exist, NULL in structs.
 * What comes out is an exception or a value, in time and in a heap of 256 MiB.
 */
class HostileLibraryIT {
  private static final Pattern COUNTS = Pattern.compile("\\{failed=(\\d+), methods=(\\d+)}");

  @TempDir private Path folder = Path.of("");
  private Path libraries = Path.of("");

  @BeforeEach
  void compile() throws Exception {
    libraries = Files.createDirectory(folder.resolve("libraries"));
    Path written = Gcc.source("stub.c");
    Path generated = folder.resolve("generated.c");
    Files.writeString(generated, StubLibrary.source(Files.readString(written)));
    Gcc.library(
        libraries.resolve("librbd.so.1"), List.of("-Wno-unused-value", "-pthread"), written, generated);
    Path empty = folder.resolve("empty.c");
    Files.writeString(empty, "int stub_of_librados;\n");
    Gcc.library(libraries.resolve("librados.so.2"), List.of(), empty);
  }

  private ForkedJvm.Result run(String what) throws Exception {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"));
    return ForkedJvm.start(
            Files.createDirectory(folder.resolve("jvm")),
            Map.of("LD_LIBRARY_PATH", libraries.toString()),
            options,
            StubMain.class.getName(),
            what)
        .end();
  }

  @Test
  void everyErrnoOfEveryFunctionBecomesAnException() throws Exception {
    ForkedJvm.Result result = run("errnos");
    assertThat(result.output()).as(result.errors()).doesNotContain("wrong");
    assertThat(result.status()).as(result.errors()).isZero();
    Matcher counts = COUNTS.matcher(result.output());
    assertThat(counts.find()).as(result.output()).isTrue();
    assertThat(Integer.parseInt(counts.group(1)))
        .as("methods that reported the errno")
        .isGreaterThan(150);
  }

  @Test
  void whateverTheLibraryAnswersHarmsNothing() throws Exception {
    ForkedJvm.Result result = run("hostile");
    assertThat(result.output()).as(result.errors()).doesNotContain("wrong");
    assertThat(result.status()).as(result.errors()).isZero();
  }
}
