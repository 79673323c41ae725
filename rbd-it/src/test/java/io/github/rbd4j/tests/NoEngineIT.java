package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who asks for a container and has no engine for it is told what to do. */
class NoEngineIT {
  /** Testcontainers looks here too, whatever {@code DOCKER_HOST} says. */
  private static final Path USUAL_SOCKET = Path.of("/var/run/docker.sock");

  @Test
  void theMessageSaysWhatToDo(@TempDir Path folder) throws Exception {
    List<String> options = new ArrayList<>(ForkedJvm.onClassPath());
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=off");
    ForkedJvm.Result result =
        ForkedJvm.start(
                folder,
                Map.of("DOCKER_HOST", "unix:///nonexistent"),
                options,
                NoEngineMain.class.getName())
            .end();
    assertThat(result.status()).as(result.errors()).isZero();
    if (!Files.exists(USUAL_SOCKET)) {
      assertThat(result.output().lines())
          .hasSize(2)
          .allSatisfy(
              line ->
                  assertThat(line)
                      .contains("no container engine answers", "systemctl start docker")
                      .contains("DOCKER_HOST", "-Drbd4j.it.cluster=local"));
    }
  }
}
