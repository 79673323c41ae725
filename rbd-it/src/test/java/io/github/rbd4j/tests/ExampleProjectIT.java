package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.it.CommandLine;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The projects of {@code docs/examples} build and pass their tests, with the artifacts of this
 * build, as a user would run them. Needs Maven, and that the build has packaged its modules.
 */
class ExampleProjectIT {
  private static final Path ROOT =
      Path.of(System.getProperty("rbd4j.it.root", "..")).toAbsolutePath().normalize();

  @ParameterizedTest
  @ValueSource(strings = {"junit", "services"})
  void anExamplePassesItsTests(String example, @TempDir Path folder) throws IOException {
    Path project = copy(ROOT.resolve("docs/examples").resolve(example), folder.resolve("project"));
    Path repository = folder.resolve("repository");
    String version = version(project.resolve("pom.xml"));
    install(repository, ROOT, "rbd4j-parent", version);
    install(repository, ROOT.resolve("rbd-bom"), "rbd-bom", version);
    for (String module : List.of("rbd-bindings", "rbd-api", "rbd-it")) {
      install(repository, ROOT.resolve(module), module, version);
    }
    Path settings = folder.resolve("settings.xml");
    Files.writeString(settings, settings(downloaded().toUri()));

    List<String> command = new ArrayList<>(List.of("mvn", "-B", "-gs", settings.toString()));
    command.add("-Dmaven.repo.local=" + repository);
    for (String property : List.of("rbd4j.it.cluster", "rbd4j.it.image")) {
      String value = System.getProperty(property, "");
      if (!value.isEmpty()) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(List.of("-f", project.toString(), "test"));
    CommandLine.Result result =
        CommandLine.run(
            Duration.ofMinutes(5),
            Map.of("JAVA_HOME", System.getProperty("java.home"), "MAVEN_OPTS", ""),
            command);

    assertThat(result.status()).as(result.text()).isZero();
    assertThat(result.text())
        .containsPattern("Tests run: [1-9]\\d*, Failures: 0, Errors: 0, Skipped: 0");
  }

  /** What the build of rbd4j has downloaded is not downloaded again. */
  private static String settings(URI downloaded) {
    return """
    <settings>
      <profiles>
        <profile>
          <id>downloaded</id>
          <repositories>
            <repository><id>downloaded</id><url>%1$s</url></repository>
          </repositories>
          <pluginRepositories>
            <pluginRepository><id>downloaded</id><url>%1$s</url></pluginRepository>
          </pluginRepositories>
        </profile>
      </profiles>
      <activeProfiles><activeProfile>downloaded</activeProfile></activeProfiles>
    </settings>
    """
        .formatted(downloaded);
  }

  private static Path downloaded() {
    String folder = System.getProperty("rbd4j.it.repository", "");
    return folder.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".m2", "repository")
        : Path.of(folder);
  }

  private static String version(Path pom) throws IOException {
    return Files.readString(pom).split("<rbd4j.version>", 2)[1].split("<", 2)[0];
  }

  /** Puts a module where Maven looks for it: its description, and its jar if it has one. */
  private static void install(Path repository, Path module, String name, String version)
      throws IOException {
    Path folder = repository.resolve("io/github/rbd4j").resolve(name).resolve(version);
    Files.createDirectories(folder);
    String file = name + "-" + version;
    Files.copy(module.resolve("pom.xml"), folder.resolve(file + ".pom"));
    if (Files.isDirectory(module.resolve("src"))) {
      Files.copy(module.resolve("target/" + file + ".jar"), folder.resolve(file + ".jar"));
    }
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path relative = from.relativize(file);
        if (!relative.startsWith("target")) {
          Path copy = to.resolve(relative);
          Files.createDirectories(Objects.requireNonNull(copy.getParent()));
          Files.copy(file, copy);
        }
      }
    }
    return to;
  }
}
