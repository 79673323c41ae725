package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A short soak ({@code -Drbd4j.soak.seconds=}, 45), so that {@code bin/soak} keeps working. */
@CephTest
class SoakIT {
  private static final Duration LENGTH = Duration.ofSeconds(Long.getLong("rbd4j.soak.seconds", 45));

  @Test
  void nothingGrows(CephCluster ceph) throws Exception {
    assertThat(new Soak(ceph, LENGTH, System.out).run()).isEmpty();
  }
}
