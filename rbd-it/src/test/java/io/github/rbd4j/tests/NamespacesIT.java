package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageSpec;
import io.github.rbd4j.NamespaceNotFoundException;
import io.github.rbd4j.Namespaces;
import io.github.rbd4j.ObjectBusyException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Namespaces separate the images of one pool. */
@CephTest
class NamespacesIT {
  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd rbd;
  private final Namespaces namespaces;
  private final String name = Names.unique("ns");

  NamespacesIT(CephCluster ceph, Cluster cluster, Rbd rbd) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.rbd = rbd;
    this.namespaces = rbd.namespaces();
  }

  @Test
  void aNamespaceComesAndGoes() {
    assertThat(namespaces.exists(name)).isFalse();
    namespaces.create(name);
    assertThat(namespaces.exists(name)).isTrue();
    assertThat(namespaces.list()).contains(name);
    assertThat(ceph.rbd("namespace", "ls", "rbd", "--format", "json")).contains(name);
    namespaces.remove(name);
    assertThat(namespaces.exists(name)).isFalse();
    assertThat(namespaces.list()).doesNotContain(name);
  }

  @Test
  void twoOfOneNameAreRefused() {
    namespaces.create(name);
    assertThatThrownBy(() -> namespaces.create(name)).isInstanceOf(ObjectExistsException.class);
    namespaces.remove(name);
    assertThatThrownBy(() -> namespaces.remove(name))
        .isInstanceOf(NamespaceNotFoundException.class)
        .hasMessageContaining("rbd/" + name);
  }

  @Test
  void namesThatNoToolCouldAddressAreRefused() {
    assertThatThrownBy(() -> namespaces.create("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> namespaces.create("a/b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> namespaces.create("a@b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> namespaces.exists("")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPoolWithoutNamespacesListsNone() {
    try (SecondPool pool = new SecondPool(cluster)) {
      assertThat(pool.rbd().namespaces().list()).isEmpty();
    }
  }

  @Test
  void aLongListIsWhole() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      names.add(name + "-" + "x".repeat(50) + i);
      namespaces.create(names.getLast());
    }
    assertThat(namespaces.list()).containsAll(names).doesNotHaveDuplicates();
    names.forEach(namespaces::remove);
    assertThat(namespaces.list()).doesNotContainAnyElementsOf(names);
  }

  @Test
  void imagesOfOneNameLiveApart() {
    namespaces.create(name);
    String image = Names.unique("twin");
    try (IoContext inside = cluster.ioContext("rbd", name)) {
      Rbd other = new Rbd(inside);
      assertThat(other.list()).isEmpty();
      rbd.create(image, 1 << 20);
      assertThat(other.exists(image)).isFalse();
      assertThatThrownBy(() -> other.open(image))
          .isInstanceOf(ImageNotFoundException.class)
          .hasMessageContaining("rbd/" + name + "/" + image);
      other.create(image, 2 << 20);
      assertThat(other.list()).extracting(ImageSpec::name).containsExactly(image);
      byte[] here = Bytes.random(1000, 1);
      byte[] there = Bytes.random(1000, 2);
      try (Image mine = rbd.open(image);
          Image its = other.open(image)) {
        mine.writeAt(0, here);
        its.writeAt(0, there);
        assertThat(mine.size()).isEqualTo(1 << 20);
        assertThat(its.size()).isEqualTo(2 << 20);
        assertThat(mine.id()).isNotEqualTo(its.id());
        Bytes.assertEqual(Bytes.of(mine, 0, 1000), here);
        Bytes.assertEqual(Bytes.of(its, 0, 1000), there);
      }
      assertThat(ceph.rbd("ls", "rbd/" + name).lines()).containsExactly(image);
      assertThatThrownBy(() -> namespaces.remove(name))
          .isExactlyInstanceOf(ObjectBusyException.class);
      other.remove(image);
      assertThat(rbd.exists(image)).isTrue();
    }
    namespaces.remove(name);
    rbd.remove(image);
  }

  @Test
  void anImageInAMissingNamespaceIsRefused() {
    try (IoContext missing = cluster.ioContext("rbd", name)) {
      Rbd nowhere = new Rbd(missing);
      assertThatThrownBy(() -> nowhere.create("image", 1 << 20))
          .isInstanceOf(NamespaceNotFoundException.class)
          .hasMessageContaining("rbd/" + name);
      assertThat(nowhere.list()).isEmpty();
    }
  }

  @Test
  void aMissingDataPoolIsNoMissingImage() {
    ImageOptions options = new ImageOptions().dataPool("no-such-pool");
    assertThatThrownBy(() -> rbd.create(name, 1 << 20, options))
        .isInstanceOf(ObjectNotFoundException.class)
        .isNotInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("create image rbd/" + name)
        .hasMessageContaining("a pool that the options name is missing");
  }

  @Test
  void anotherNamespaceOfAnOpenPoolIsOneCallAway() {
    namespaces.create(name);
    try (IoContext inside = rbd.ioContext().withNamespace(name)) {
      assertThat(inside.namespace()).isEqualTo(name);
      assertThat(inside.poolId()).isEqualTo(rbd.ioContext().poolId());
      assertThat(rbd.ioContext().namespace()).isEmpty();
    }
    namespaces.remove(name);
  }
}
