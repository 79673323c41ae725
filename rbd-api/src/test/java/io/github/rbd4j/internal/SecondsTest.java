package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Durations in the whole seconds of Ceph. */
class SecondsTest {
  @Test
  void aPartOfASecondIsAWholeOne() {
    assertThat(Seconds.roundedUp(Duration.ZERO)).isZero();
    assertThat(Seconds.roundedUp(Duration.ofNanos(1))).isEqualTo(1);
    assertThat(Seconds.roundedUp(Duration.ofMillis(500))).isEqualTo(1);
    assertThat(Seconds.roundedUp(Duration.ofSeconds(1))).isEqualTo(1);
    assertThat(Seconds.roundedUp(Duration.ofMillis(1001))).isEqualTo(2);
    assertThat(Seconds.roundedUp(Duration.ofHours(1))).isEqualTo(3600);
  }

  @Test
  void theLongestDurationIsNoOverflow() {
    assertThat(Seconds.roundedUp(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)))
        .isEqualTo(Long.MAX_VALUE);
  }
}
