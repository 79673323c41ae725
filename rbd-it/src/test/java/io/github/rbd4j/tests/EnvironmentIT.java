package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.LibraryVersion;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the tests ran with. {@code bin/test} finds it in the report of this class. */
@CephTest
class EnvironmentIT {
  private static final Pattern CEPH_VERSION = Pattern.compile("ceph version ([0-9.]+)");

  @Test
  void cephAndLibrbdAreSupported(Cluster cluster) {
    Matcher ceph = CEPH_VERSION.matcher(cluster.monCommand("{\"prefix\": \"version\"}").output());
    assertThat(ceph.find()).isTrue();
    LibraryVersion librbd = Rbd.version();
    assertThat(librbd.major()).isEqualTo(1);
    assertThat(librbd.minor()).isGreaterThanOrEqualTo(16);
    IO.println("rbd4j-environment: Ceph " + ceph.group(1) + ", librbd " + librbd);
  }
}
