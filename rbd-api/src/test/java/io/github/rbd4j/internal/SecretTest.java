package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of a key or passphrase, and that it is forgotten. */
class SecretTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"", "plain", "gr\u00fc\u00df", "\u65e5\u672c", "\ud83d\udd11 key", "a\0b"})
  void charactersAreUtf8(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Secret.of(text.toCharArray()).copy(arena).toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(bytes);
      assertThat(Secret.of(bytes).copy(arena).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud83d", "a\udd11b", "\ud83dx"})
  void halfACharacterIsRefusedAndNotTold(String text) {
    char[] half = text.toCharArray();
    assertThatThrownBy(() -> Secret.of(half))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .doesNotContain(text);
  }

  @Test
  @SuppressWarnings("restricted")
  void aCopyIsEndedByNul() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = Secret.of("key".toCharArray()).copy(arena);
      assertThat(copy.byteSize()).isEqualTo(3);
      assertThat(copy.reinterpret(4).getString(0)).isEqualTo("key");
    }
  }

  @Test
  void copiesAreIndependent() {
    Secret secret = Secret.of("key".toCharArray());
    try (Arena arena = Arena.ofConfined()) {
      secret.copy(arena).fill((byte) 0);
      assertThat(secret.copy(arena).toArray(ValueLayout.JAVA_BYTE)).containsExactly('k', 'e', 'y');
    }
  }

  @Test
  void whatIsErasedIsGone() {
    Secret secret = Secret.of("key".toCharArray());
    secret.erase();
    secret.erase();
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> secret.copy(arena)).isInstanceOf(IllegalStateException.class);
    }
  }
}
