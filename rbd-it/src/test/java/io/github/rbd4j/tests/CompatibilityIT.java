package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.util.Arrays;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What differs, or does not differ, between the releases of Ceph; {@code docs/compatibility.md} has
 * the list. What else differs is in the tests of its topic.
 */
@CephTest
class CompatibilityIT {
  private static final boolean CEPH_18 = NativeSymbols.has("rbd_diff_iterate3");
  private static final boolean CEPH_20 = NativeSymbols.has("rbd_clone4");
  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("compatibility");

  CompatibilityIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, 8 * MIB);
  }

  @AfterEach
  void remove() {
    rbd.remove(name);
  }

  @Test
  void compareAndWriteTakesOneSectorBefore18AndUpToAnObjectSince() {
    try (Image image = rbd.open(name)) {
      image.writeAt(0, Checks.random(2 * MIB, 1));
      for (int length : new int[] {512, KIB, MIB}) {
        byte[] old = new byte[length];
        image.readAt(0, old);
        byte[] data = Checks.random(length, length);
        if (CEPH_18 || length == 512) {
          assertThat(image.compareAndWrite(0, old, data)).isEqualTo(OptionalLong.empty());
          byte[] back = new byte[length];
          image.readAt(0, back);
          assertThat(back).isEqualTo(data);
        } else {
          assertThatThrownBy(() -> image.compareAndWrite(0, old, data))
              .isInstanceOf(InvalidRequestException.class);
        }
      }
      // Two sectors, one of them in part.
      byte[] old = new byte[512];
      image.readAt(256, old);
      if (CEPH_18) {
        assertThat(image.compareAndWrite(256, old, old)).isEqualTo(OptionalLong.empty());
      } else {
        assertThatThrownBy(() -> image.compareAndWrite(256, old, old))
            .isInstanceOf(InvalidRequestException.class);
      }
      // Two objects.
      assertThatThrownBy(() -> image.compareAndWrite(4 * MIB - 512, new byte[1024], new byte[1024]))
          .isInstanceOf(InvalidRequestException.class);
    }
  }

  @Test
  void aDiscardOfLessThanItsGranularityDoesNothing() {
    try (Image image = rbd.open(name)) {
      assertThat(image.config())
          .anyMatch(
              o -> o.name().equals("rbd_discard_granularity_bytes") && o.value().equals("65536"));
      byte[] data = Checks.random(4 * MIB, 2);
      image.writeAt(0, data);
      image.discard(0, 4 * KIB);
      image.discard(32 * KIB, 64 * KIB);
      byte[] back = new byte[data.length];
      image.readAt(0, back);
      assertThat(back).isEqualTo(data);
      image.discard(64 * KIB, 64 * KIB);
      image.readAt(0, back);
      Arrays.fill(data, 64 * KIB, 128 * KIB, (byte) 0);
      assertThat(back).isEqualTo(data);
      image.discard(0, 4 * MIB);
      assertThat(image.diff(DiffOptions.sinceBeginning())).isEmpty();
    }
  }

  /** librbd says EINVAL at and after the end; see ADR 6 for what rbd4j makes of it. */
  @Test
  void theEndOfAnImageIsTheSameEverywhere() {
    try (Image image = rbd.open(name)) {
      byte[] buffer = new byte[512];
      assertThat(image.readAt(8 * MIB - 100, buffer)).isEqualTo(100);
      assertThat(image.readAt(8 * MIB, buffer)).isEqualTo(-1);
      assertThat(image.readAt(Long.MAX_VALUE - 512, buffer)).isEqualTo(-1);
      assertThatThrownBy(() -> image.writeAt(8 * MIB - 100, buffer))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void anOptionThatWasRemovedIsAnErrorSince20() {
    if (CEPH_20) {
      assertThatThrownBy(() -> ceph.client().option("auth_supported", "cephx").connect())
          .isInstanceOf(ObjectNotFoundException.class)
          .hasMessageContaining("auth_supported");
    } else {
      ceph.client().option("auth_supported", "cephx").connect().close();
    }
  }

  @Test
  void theFunctionsTellTheRelease() {
    assertThat(CEPH_18).isEqualTo(Rbd.version().minor() >= 18);
    assertThat(CEPH_20).isEqualTo(Rbd.version().minor() >= 20);
  }
}
