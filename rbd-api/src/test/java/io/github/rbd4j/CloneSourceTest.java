package io.github.rbd4j;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CloneSourceTest {
  @ParameterizedTest
  @CsvSource({
    "luminous, luminous, false",
    "luminous, mimic, true",
    "mimic, luminous, true",
    "tentacle, umbrella, true",
    "jewel, unknown, false",
    "unknown, unspecified, false",
    "'', '', false",
  })
  void theFormatFollowsFromTheOldestClients(String found, String required, boolean format2) {
    String map =
        "{\"min_compat_client\":\"%s\",\"require_min_compat_client\":\"%s\"}"
            .formatted(found, required);
    assertThat(CloneSource.saysThatAllClientsKnowFormat2(map)).isEqualTo(format2);
  }
}
