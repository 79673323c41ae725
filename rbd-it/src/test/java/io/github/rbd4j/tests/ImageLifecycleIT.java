package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageInfo;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageSpec;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.NamespaceNotFoundException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.PoolImageStats;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Images come, are listed, found, renamed, opened in every way, and go. */
@CephTest
class ImageLifecycleIT {
  private static final long MIB = 1 << 20;

  private final Rbd rbd;
  private final Cluster cluster;
  private final CephCluster ceph;

  ImageLifecycleIT(Rbd rbd, Cluster cluster, CephCluster ceph) {
    this.rbd = rbd;
    this.cluster = cluster;
    this.ceph = ceph;
  }

  private Map<String, Object> tool(String image) {
    return Json.object(ceph.rbd("info", "--format", "json", image));
  }

  /** Runs a test in a namespace that nobody else uses. */
  private void inNamespace(Consumer<Rbd> test) {
    String namespace = Names.unique("namespace");
    ceph.rbd("namespace", "create", "rbd/" + namespace);
    try (IoContext io = cluster.ioContext("rbd", namespace)) {
      test.accept(new Rbd(io));
    } finally {
      ceph.rbd("namespace", "remove", "rbd/" + namespace);
    }
  }

  @Test
  void theDefaultsAreThoseOfTheCluster() {
    String name = Names.unique("defaults");
    rbd.create(name, 10 * MIB);
    assertThat(tool(name))
        .containsEntry("size", 10 * MIB)
        .containsEntry("order", 22L)
        .containsEntry("format", 2L)
        .containsEntry(
            "features",
            List.of("layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"));
    rbd.remove(name);
  }

  @Test
  void everyOptionShowsInTheImage() {
    String name = Names.unique("options");
    ImageOptions options = new ImageOptions();
    options
        .format(2)
        .features(
            EnumSet.of(
                Feature.LAYERING, Feature.STRIPINGV2, Feature.EXCLUSIVE_LOCK, Feature.JOURNALING))
        .order(21)
        .striping(65536, 8)
        .dataPool("rbd")
        .journal(20, 2)
        .journalPool("rbd");
    rbd.create(name, 33 * MIB, options);
    try (Image image = rbd.open(name)) {
      ImageInfo info = image.info();
      assertThat(info.size()).isEqualTo(33 * MIB);
      assertThat(info.order()).isEqualTo(21);
      assertThat(info.objectSize()).isEqualTo(2 * MIB);
      assertThat(info.stripeUnit()).isEqualTo(65536);
      assertThat(info.stripeCount()).isEqualTo(8);
      assertThat(info.oldFormat()).isFalse();
      assertThat(info.features())
          .containsExactlyInAnyOrder(
              Feature.LAYERING, Feature.STRIPINGV2, Feature.EXCLUSIVE_LOCK, Feature.JOURNALING);
      assertThat(tool(name))
          .containsEntry("size", 33 * MIB)
          .containsEntry("order", 21L)
          .containsEntry("stripe_unit", 65536L)
          .containsEntry("stripe_count", 8L)
          .containsEntry("id", info.id())
          .containsEntry("journal", info.id());
      assertThat(Json.object(ceph.rbd("journal", "info", "--format", "json", "--image", name)))
          .containsEntry("journal_id", info.id())
          .containsEntry("order", 20L)
          .containsEntry("splay_width", 2L)
          .containsEntry("object_pool", "rbd");
    }
    rbd.remove(name);
  }

  @Test
  void featuresAreAddedToAndTakenFromTheDefaults() {
    String name = Names.unique("features");
    ImageOptions options = new ImageOptions();
    options
        .addFeatures(EnumSet.of(Feature.JOURNALING))
        .withoutFeatures(EnumSet.of(Feature.FAST_DIFF, Feature.OBJECT_MAP));
    rbd.create(name, MIB, options);
    assertThat(tool(name))
        .containsEntry(
            "features", List.of("layering", "exclusive-lock", "deep-flatten", "journaling"));
    rbd.remove(name);
  }

  @Test
  void theDataLiesInTheDataPool() {
    String pool = Names.unique("data-pool");
    cluster.createPool(pool);
    ImageOptions options = new ImageOptions();
    try (IoContext data = cluster.ioContext(pool)) {
      new Rbd(data).initPool(false);
      String name = Names.unique("data");
      rbd.create(name, 8 * MIB, options.dataPool(pool));
      try (Image image = rbd.open(name)) {
        assertThat(image.dataPoolId()).isEqualTo(data.poolId());
        assertThat(image.features()).contains(Feature.DATA_POOL);
        // The prefix has the pool of the image in it, and is longer than what rbd_stat has room
        // for.
        assertThat(image.blockNamePrefix())
            .isEqualTo("rbd_data." + rbd.ioContext().poolId() + "." + image.id());
        assertThat(image.info().blockNamePrefix()).isEqualTo(image.blockNamePrefix());
        assertThat(tool(name))
            .containsEntry("data_pool", pool)
            .containsEntry("block_name_prefix", image.blockNamePrefix());
        image.writeAt(0, Checks.random(4096, 1));
        image.flush();
        assertThat(ceph.tool("rados", new byte[0], "-p", pool, "ls").text())
            .contains(image.blockNamePrefix() + ".0000000000000000");
      }
      rbd.remove(name);
    }
    cluster.deletePool(pool);
  }

  @Test
  void aMissingDataPoolLeavesNoImage() {
    String name = Names.unique("no-data-pool");
    ImageOptions options = new ImageOptions();
    Checks.fails(
        ObjectNotFoundException.class,
        "ENOENT",
        2,
        "create",
        "image rbd/" + name,
        () -> rbd.create(name, MIB, options.dataPool("there-is-no-such-pool")));
    assertThat(rbd.exists(name)).isFalse();
  }

  @Test
  void anImageOfTheOldFormatIsReadButNotMade() {
    String name = Names.unique("old");
    ImageOptions options = new ImageOptions();
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "create",
        "image rbd/" + name,
        () -> rbd.create(name, 8 * MIB, options.format(1)));
    ceph.tool(
        "env",
        new byte[0],
        "RBD_FORCE_ALLOW_V1=1",
        "rbd",
        "create",
        "--image-format",
        "1",
        "--size",
        "8M",
        name);
    assertThat(rbd.list()).contains(new ImageSpec("", name));
    assertThat(rbd.exists(name)).isTrue();
    try (Image image = rbd.open(name)) {
      byte[] data = Checks.random(9000, 2);
      image.writeAt(4 * MIB - 4500, data);
      byte[] back = new byte[9000];
      image.readAt(4 * MIB - 4500, back);
      assertThat(back).isEqualTo(data);
      assertThat(image.isOldFormat()).isTrue();
      assertThat(image.id()).isEmpty();
      ImageInfo info = image.info();
      assertThat(info.oldFormat()).isTrue();
      assertThat(info.id()).isEmpty();
      assertThat(info.name()).isEqualTo(name);
      assertThat(info.size()).isEqualTo(8 * MIB);
      assertThat(info.features()).isEmpty();
      assertThat(info.created()).isEqualTo(java.time.Instant.EPOCH);
      assertThat(info.blockNamePrefix()).isEqualTo(tool(name).get("block_name_prefix"));
      assertThat(image.createSnapshot("s").exists()).isTrue();
      image.snapshot("s").timestamp();
      image.snapshot("s").remove();
    }
    String other = Names.unique("old");
    rbd.rename(name, other);
    rbd.remove(other);
    assertThat(rbd.exists(other)).isFalse();
  }

  @Test
  void anEmptyNamespaceListsNothing() {
    inNamespace(
        mine -> {
          assertThat(mine.list()).isEmpty();
          assertThat(mine.exists("x")).isFalse();
        });
  }

  @Test
  void oneImageIsListedWithItsId() {
    inNamespace(
        mine -> {
          mine.create("only", 4096);
          try (Image image = mine.open("only")) {
            assertThat(mine.list()).containsExactly(new ImageSpec(image.id(), "only"));
          }
          mine.remove("only");
          assertThat(mine.list()).isEmpty();
        });
  }

  @Test
  void twoHundredImagesAreListedInOrderAndAddedUp() {
    inNamespace(
        mine -> {
          List<String> names = new ArrayList<>();
          for (int i = 0; i < 200; i++) {
            names.add("image-%03d-%s".formatted(i, "x".repeat(i)));
          }
          ImageOptions plain = new ImageOptions();
          plain.features(EnumSet.of(Feature.LAYERING));
          forEachAtOnce(names, name -> mine.create(name, 4096, plain));
          List<ImageSpec> list = mine.list();
          assertThat(list).extracting(ImageSpec::name).isEqualTo(names);
          assertThat(list).extracting(ImageSpec::id).doesNotHaveDuplicates().doesNotContain("");
          try (Image image = mine.openById(list.get(123).id())) {
            assertThat(image.name()).isEqualTo(names.get(123));
          }
          assertThat(mine.poolStats())
              .isEqualTo(new PoolImageStats(200, 200 * 4096, 200 * 4096, 0, 0, 0, 0, 0));
          forEachAtOnce(names, mine::remove);
          assertThat(mine.list()).isEmpty();
        });
  }

  private static void forEachAtOnce(List<String> names, Consumer<String> action) {
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      List<Future<?>> futures = new ArrayList<>();
      for (String name : names) {
        futures.add(threads.submit(() -> action.accept(name)));
      }
      for (Future<?> future : futures) {
        assertThat(future).succeedsWithin(java.time.Duration.ofMinutes(1));
      }
    }
  }

  @Test
  void theStatisticsAddUpImagesSnapshotsAndTrash() {
    inNamespace(
        mine -> {
          assertThat(mine.poolStats()).isEqualTo(new PoolImageStats(0, 0, 0, 0, 0, 0, 0, 0));
          mine.create("a", 8 * MIB);
          mine.create("b", 2 * MIB);
          mine.create("c", MIB);
          try (Image image = mine.open("a")) {
            image.createSnapshot("s");
            image.createSnapshot("t");
            image.resize(4 * MIB, true);
          }
          ceph.rbd("trash", "move", "rbd/" + mine.ioContext().namespace() + "/c");
          assertThat(mine.poolStats())
              .isEqualTo(new PoolImageStats(2, 6 * MIB, 10 * MIB, 2, 1, MIB, MIB, 0));
          ceph.rbd("trash", "purge", "rbd/" + mine.ioContext().namespace());
          ceph.rbd("snap", "purge", "rbd/" + mine.ioContext().namespace() + "/a");
          mine.remove("a");
          mine.remove("b");
        });
  }

  @Test
  void namesOfAnyScriptAndOfThreeHundredCharactersWork() {
    for (String name :
        List.of(
            Names.unique("größe 鍵🔑"), Names.unique("x".repeat(290)), Names.unique("a.b:c,d=e"))) {
      rbd.create(name, 4096);
      assertThat(rbd.exists(name)).isTrue();
      assertThat(rbd.list()).extracting(ImageSpec::name).contains(name);
      try (Image image = rbd.open(name)) {
        assertThat(image.name()).isEqualTo(name);
        assertThat(image.info().name()).isEqualTo(name);
        assertThat(image).hasToString("image rbd/" + name);
      }
      assertThat(tool(name)).containsEntry("name", name);
      rbd.remove(name);
      assertThat(rbd.exists(name)).isFalse();
    }
  }

  @Test
  void impossibleNamesAreRefused() {
    String name = Names.unique("good");
    rbd.create(name, 4096);
    for (String bad : List.of("", "a/b", "a@b", "a\0b", "/", "@")) {
      assertThatThrownBy(() -> rbd.create(bad, 4096)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> rbd.rename(name, bad)).isInstanceOf(IllegalArgumentException.class);
    }
    for (String bad : List.of("", "a\0b")) {
      assertThatThrownBy(() -> rbd.open(bad)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> rbd.openById(bad)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> rbd.exists(bad)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> rbd.remove(bad)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> OpenOptions.at(bad)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> rbd.create(null, 4096)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.create("x", 4096, null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.create("x", -1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rbd.open(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.open(name, null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.openById(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.remove(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.remove(name, null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.rename(null, "x")).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> rbd.rename(name, null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> new Rbd(null)).isInstanceOf(NullPointerException.class);
    rbd.remove(name);
    assertThat(rbd.exists("x")).isFalse();
  }

  @Test
  void anImageOfSizeZeroWorks() {
    String name = Names.unique("empty");
    rbd.create(name, 0);
    try (Image image = rbd.open(name)) {
      assertThat(image.size()).isZero();
      assertThat(image.info().objectCount()).isZero();
      assertThat(image.readAt(0, new byte[1])).isEqualTo(-1);
    }
    rbd.remove(name);
  }

  @Test
  void aRenamedImageKeepsItsIdAndData() {
    String name = Names.unique("before");
    String other = Names.unique("after");
    rbd.create(name, MIB);
    byte[] data = Checks.random(4096, 3);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, data);
      String id = image.id();
      rbd.rename(name, other); // while it is open
      Checks.await("the open image knows its new name", () -> image.name().equals(other));
      assertThat(image.id()).isEqualTo(id);
    }
    assertThat(rbd.exists(name)).isFalse();
    try (Image image = rbd.openReadOnly(other)) {
      byte[] back = new byte[4096];
      image.readAt(0, back);
      assertThat(back).isEqualTo(data);
    }
    rbd.create(name, MIB);
    String object = "image rbd/" + other;
    Checks.fails(
        ImageExistsException.class, "EEXIST", 17, "rename", object, () -> rbd.rename(other, name));
    Checks.fails(
        ImageExistsException.class, "EEXIST", 17, "rename", object, () -> rbd.rename(other, other));
    rbd.remove(name);
    rbd.remove(other);
    Checks.fails(
        ImageNotFoundException.class, "ENOENT", 2, "rename", object, () -> rbd.rename(other, name));
  }

  @Test
  void anImageIsOpenedByItsId() {
    String name = Names.unique("by-id");
    rbd.create(name, MIB);
    String id = (String) tool(name).get("id");
    try (Image image = rbd.openById(id)) {
      assertThat(image.name()).isEqualTo(name);
      assertThat(image.id()).isEqualTo(id);
      image.writeAt(0, new byte[] {42});
    }
    try (Image image = rbd.openById(id, OpenOptions.forReading())) {
      byte[] back = new byte[1];
      image.readAt(0, back);
      assertThat(back).containsExactly(42);
      assertThatThrownBy(() -> image.writeAt(0, back)).isInstanceOf(ReadOnlyImageException.class);
    }
    rbd.remove(name);
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "open",
        "image rbd/id:" + id,
        () -> rbd.openById(id));
  }

  @Test
  void anImageIsRemovedWithProgress() {
    String name = Names.unique("remove");
    rbd.create(name, 64 * MIB);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, Checks.random((int) (20 * MIB), 4));
    }
    Checks.Progress progress = new Checks.Progress();
    rbd.remove(name, progress);
    progress.assertPlausible();
    assertThat(rbd.exists(name)).isFalse();
    assertThat(rbd.list()).extracting(ImageSpec::name).doesNotContain(name);
  }

  @Test
  void aRemovalThatWasCanceledIsTakenUpAgain() {
    String name = Names.unique("cancel");
    ImageOptions options = new ImageOptions();
    rbd.create(name, 64 * MIB, options.order(20));
    try (Image image = rbd.open(name)) {
      image.writeAt(0, Checks.random((int) (32 * MIB), 5));
    }
    CancellationException mine = new CancellationException("enough");
    assertThatThrownBy(
            () ->
                rbd.remove(
                    name,
                    (done, total) -> {
                      throw mine;
                    }))
        .isSameAs(mine);
    rbd.remove(name);
    assertThat(rbd.list()).extracting(ImageSpec::name).doesNotContain(name);
  }

  @Test
  void aMissingImageIsNotRemovedAndDoesNotExist() {
    String name = Names.unique("missing");
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "remove",
        "image rbd/" + name,
        () -> rbd.remove(name));
    assertThat(rbd.exists(name)).isFalse();
  }

  @Test
  void anImageThatIsOpenForWritingIsNotRemoved() {
    String name = Names.unique("busy");
    rbd.create(name, MIB);
    try (Image image = rbd.open(name)) {
      image.writeAt(0, new byte[1]);
      Checks.fails(
          ImageBusyException.class,
          "EBUSY",
          16,
          "remove",
          "image rbd/" + name,
          () -> rbd.remove(name));
      assertThat(image.readAt(0, new byte[1])).isEqualTo(1);
    }
    rbd.remove(name);
  }

  @Test
  void anImageOfANamespaceIsNotSeenInAnother() {
    inNamespace(
        mine -> {
          String name = Names.unique("hidden");
          mine.create(name, MIB);
          assertThat(rbd.exists(name)).isFalse();
          try (Image image = mine.open(name)) {
            String full = "rbd/" + mine.ioContext().namespace() + "/" + name;
            assertThat(image).hasToString("image " + full);
            assertThat(tool(full)).containsEntry("id", image.id());
          }
          mine.remove(name);
        });
  }

  @Test
  void anImageIsNotCreatedInAMissingNamespace() {
    String namespace = Names.unique("none");
    try (IoContext io = cluster.ioContext("rbd", namespace)) {
      Rbd missing = new Rbd(io);
      Checks.fails(
          NamespaceNotFoundException.class,
          "ENOENT",
          2,
          "create image x in",
          "namespace rbd/" + namespace,
          () -> missing.create("x", MIB));
      assertThat(missing.list()).isEmpty();
      String parent = Names.unique("parent");
      rbd.create(parent, MIB);
      ImageOptions options = new ImageOptions();
      try (Image image = rbd.open(parent)) {
        image.createSnapshot("s");
        Checks.fails(
            NamespaceNotFoundException.class,
            "ENOENT",
            2,
            "clone image x in",
            "namespace rbd/" + namespace,
            () -> rbd.clone(parent, "s", missing, "x", options.cloneFormat(2)));
        image.snapshot("s").remove();
      }
      rbd.remove(parent);
    }
  }

  @Test
  void aFreshPoolIsMadeReady() {
    String pool = Names.unique("fresh");
    cluster.createPool(pool);
    try (IoContext io = cluster.ioContext(pool)) {
      Rbd mine = new Rbd(io);
      mine.initPool(false);
      mine.initPool(false);
      assertThat(Json.object(ceph.ceph("osd", "pool", "application", "get", pool)))
          .containsOnlyKeys("rbd");
      mine.create("x", MIB);
      assertThat(mine.list()).extracting(ImageSpec::name).containsExactly("x");
      mine.remove("x");
    }
    cluster.deletePool(pool);
  }

  @Test
  void aPoolOfAnotherApplicationIsMadeReadyByForceOnly() {
    String pool = Names.unique("foreign");
    cluster.createPool(pool);
    try (IoContext io = cluster.ioContext(pool)) {
      io.enableApplication("rgw", false);
      assertThatThrownBy(() -> new Rbd(io).initPool(false))
          .isInstanceOf(PermissionDeniedException.class)
          .hasMessageContaining("pool " + pool);
      new Rbd(io).initPool(true);
      assertThat(Json.object(ceph.ceph("osd", "pool", "application", "get", pool)))
          .containsOnlyKeys("rbd", "rgw");
    }
    cluster.deletePool(pool);
  }

  @Test
  void aCloneIsMadeWithItsOwnOptions() {
    String parent = Names.unique("parent");
    String child = Names.unique("child");
    rbd.create(parent, 4 * MIB);
    byte[] data = Checks.random((int) MIB, 6);
    ImageOptions options = new ImageOptions();
    try (Image image = rbd.open(parent)) {
      image.writeAt(0, data);
      image.createSnapshot("s");
      assertThatThrownBy(() -> rbd.clone(parent, "s", rbd, child, options.cloneFormat(1)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("rbd/" + parent + "@s to rbd/" + child);
      assertThatThrownBy(() -> rbd.clone(parent, "none", rbd, child, options))
          .isInstanceOf(ImageNotFoundException.class);
      assertThatThrownBy(() -> rbd.clone(parent, "s", rbd, "a@b", options))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(rbd.exists(child)).isFalse();
      options
          .cloneFormat(2)
          .order(20)
          .striping(MIB, 1)
          .features(Set.of(Feature.LAYERING, Feature.EXCLUSIVE_LOCK));
      assertThat(options.isSet(ImageOption.ORDER)).isTrue();
      rbd.clone(parent, "s", rbd, child, options);
      assertThatThrownBy(() -> rbd.clone(parent, "s", rbd, child, options))
          .isInstanceOf(ImageExistsException.class);
      assertThat(new TreeMap<>(tool(child)))
          .containsEntry("order", 20L)
          .containsEntry("size", 4 * MIB);
      try (Image clone = rbd.open(child)) {
        assertThat(clone.overlap()).isEqualTo(4 * MIB);
        byte[] back = new byte[(int) MIB];
        clone.readAt(0, back);
        assertThat(back).isEqualTo(data);
      }
      rbd.remove(child);
      image.snapshot("s").remove();
    }
    rbd.remove(parent);
  }
}
