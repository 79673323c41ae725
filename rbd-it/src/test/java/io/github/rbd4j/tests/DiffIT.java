package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What changed between two points in time, told in three ways, and what the tool says of it. */
@CephTest
class DiffIT {
  private static final long MIB = 1 << 20;
  private static final int OBJECTS = 16;
  private static final DiffOptions ALL = DiffOptions.sinceBeginning();

  private final Rbd rbd;
  private final CephCluster ceph;
  private final String name = Names.unique("diff");
  private Image image;

  DiffIT(Rbd rbd, CephCluster ceph) {
    this.rbd = rbd;
    this.ceph = ceph;
  }

  @BeforeEach
  void open() {
    ImageOptions options = new ImageOptions();
    rbd.create(name, OBJECTS * MIB, options.order(20));
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    for (SnapshotInfo snapshot : image.snapshots()) {
      image.removeSnapshot(snapshot.id());
    }
    image.close();
    rbd.remove(name);
  }

  private void write(long offset, long length) {
    byte[] data = new byte[(int) length];
    Arrays.fill(data, (byte) 0x5a);
    image.writeAt(offset, data);
  }

  private void writeEveryObject() {
    for (int i = 0; i < OBJECTS; i++) {
      write(i * MIB, 4096);
    }
  }

  /** What the tool tells; it does not see what is only in the cache of this process. */
  private List<DiffExtent> tool(String image, String... options) {
    List<String> arguments = new ArrayList<>(List.of("diff", "--format", "json", image));
    arguments.addAll(List.of(options));
    return Json.objects(ceph.rbd(arguments.toArray(String[]::new))).stream()
        .map(
            extent ->
                new DiffExtent(
                    (Long) extent.get("offset"),
                    (Long) extent.get("length"),
                    "true".equals(extent.get("exists"))))
        .toList();
  }

  private static DiffExtent data(long offset, long length) {
    return new DiffExtent(offset, length, true);
  }

  private static DiffExtent hole(long offset, long length) {
    return new DiffExtent(offset, length, false);
  }

  /** The three ways agree. */
  private static List<DiffExtent> diff(Image image, DiffOptions options) {
    List<DiffExtent> collected = image.diff(options);
    List<DiffExtent> visited = new ArrayList<>();
    image.diffIterate(
        options, (offset, length, exists) -> visited.add(new DiffExtent(offset, length, exists)));
    assertThat(visited).isEqualTo(collected);
    try (Stream<DiffExtent> stream = image.diffStream(options)) {
      assertThat(stream.toList()).isEqualTo(collected);
    }
    return collected;
  }

  @Test
  void anEmptyImageHasNoData() {
    assertThat(diff(image, ALL)).isEmpty();
    image.createSnapshot("s");
    assertThat(diff(image, DiffOptions.since("s"))).isEmpty();
  }

  @Test
  void allDataSinceTheBeginningIsTold() {
    write(0, 4096);
    write(3 * MIB, 8192);
    write(5 * MIB, MIB);
    image.flush();
    assertThat(diff(image, ALL))
        .isEqualTo(tool(name))
        .containsExactly(data(0, 4096), data(3 * MIB, 8192), data(5 * MIB, MIB));
  }

  @Test
  void whatChangedSinceASnapshotIsTold() {
    write(0, 2 * MIB);
    image.createSnapshot("a");
    write(MIB, 4096);
    image.createSnapshot("b");
    write(7 * MIB, 4096);
    image.flush();
    assertThat(diff(image, DiffOptions.since("a")))
        .isEqualTo(tool(name, "--from-snap", "a"))
        .extracting(DiffExtent::offset)
        .containsExactly(MIB, 7 * MIB);
    assertThat(diff(image, DiffOptions.since("b")))
        .isEqualTo(tool(name, "--from-snap", "b"))
        .extracting(DiffExtent::offset)
        .containsExactly(7 * MIB);
    image.setSnapshot("b");
    assertThat(diff(image, DiffOptions.since("a")))
        .isEqualTo(tool(name + "@b", "--from-snap", "a"))
        .extracting(DiffExtent::offset)
        .containsExactly(MIB);
    image.unsetSnapshot();
  }

  @Test
  void whatWasDiscardedIsAHole() {
    write(0, 4 * MIB);
    image.createSnapshot("s");
    image.discard(MIB, MIB);
    image.writeZeroes(2 * MIB, MIB);
    image.flush();
    assertThat(diff(image, DiffOptions.since("s")))
        .isEqualTo(tool(name, "--from-snap", "s"))
        .containsExactly(hole(MIB, MIB), hole(2 * MIB, MIB));
    assertThat(diff(image, ALL)).isEqualTo(tool(name)).allMatch(DiffExtent::exists);
    assertThat(diff(image, ALL)).extracting(DiffExtent::offset).containsExactly(0L, 3 * MIB);
  }

  @Test
  void whatAShrinkCutOffIsAHoleOnceTheImageGrewAgain() {
    write(0, 2 * MIB);
    image.createSnapshot("s");
    image.resize(MIB, true);
    image.resize(OBJECTS * MIB, false);
    assertThat(diff(image, DiffOptions.since("s")))
        .isEqualTo(tool(name, "--from-snap", "s"))
        .containsExactly(hole(MIB, MIB));
  }

  @Test
  void onlyTheRangeIsTold() {
    writeEveryObject();
    assertThat(diff(image, ALL.range(3 * MIB, 2 * MIB)))
        .containsExactly(data(3 * MIB, 4096), data(4 * MIB, 4096));
    assertThat(diff(image, ALL.range(3 * MIB + 1024, 1024)))
        .containsExactly(data(3 * MIB + 1024, 1024));
    assertThat(diff(image, ALL.range(14 * MIB, Long.MAX_VALUE)))
        .containsExactly(data(14 * MIB, 4096), data(15 * MIB, 4096));
    assertThat(diff(image, ALL.range(0, 0))).isEmpty();
    assertThat(diff(image, ALL.range(OBJECTS * MIB, 10))).isEmpty();
    image.createSnapshot("s");
    write(9 * MIB, 4096);
    write(11 * MIB, 4096);
    assertThat(diff(image, DiffOptions.since("s").range(10 * MIB, 3 * MIB)))
        .extracting(DiffExtent::offset)
        .containsExactly(11 * MIB);
  }

  @Test
  void anOffsetBehindTheEndIsRefused() {
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "diff",
        "image rbd/" + name,
        () -> image.diff(ALL.range(OBJECTS * MIB + 1, 10)));
  }

  @Test
  void wholeObjectsAreToldWhenAsked() {
    write(2 * MIB, 4096);
    image.createSnapshot("s");
    write(4 * MIB + 4096, 4096);
    image.flush();
    assertThat(diff(image, ALL.wholeObject(true)))
        .isEqualTo(tool(name, "--whole-object"))
        .containsExactly(data(2 * MIB, MIB), data(4 * MIB, MIB));
    assertThat(diff(image, DiffOptions.since("s").wholeObject(true)))
        .isEqualTo(tool(name, "--whole-object", "--from-snap", "s"))
        .containsExactly(data(4 * MIB, MIB));
    assertThat(diff(image, DiffOptions.since("s").wholeObject(true).range(0, 4 * MIB))).isEmpty();
  }

  @Test
  void wholeObjectsAreToldWithoutTheObjectMapToo() {
    image.updateFeatures(java.util.EnumSet.of(Feature.FAST_DIFF, Feature.OBJECT_MAP), false);
    write(2 * MIB, 4096);
    assertThat(diff(image, ALL.wholeObject(true))).containsExactly(data(2 * MIB, MIB));
    assertThat(diff(image, ALL)).containsExactly(data(2 * MIB, 4096));
  }

  @Test
  void theDataOfAParentIsToldWhenAsked() {
    write(0, MIB);
    write(2 * MIB, 4096);
    image.createSnapshot("s").protect();
    String child = Names.unique("diff-clone");
    ImageOptions options = new ImageOptions();
    rbd.clone(name, "s", rbd, child, options);
    try (Image clone = rbd.open(child)) {
      byte[] mark = new byte[4096];
      Arrays.fill(mark, (byte) 1);
      clone.writeAt(5 * MIB, mark);
      clone.flush();
      assertThat(diff(clone, ALL))
          .isEqualTo(tool(child))
          .containsExactly(data(0, MIB), data(2 * MIB, 4096), data(5 * MIB, 4096));
      assertThat(diff(clone, ALL.includeParent(false))).containsExactly(data(5 * MIB, 4096));
      assertThat(diff(clone, ALL.includeParent(true))).isEqualTo(diff(clone, ALL));
    }
    rbd.remove(child);
    image.snapshot("s").unprotect();
  }

  @Test
  void aVisitorThatHasEnoughIsNotCalledAgain() {
    writeEveryObject();
    for (int enough : new int[] {1, 3}) {
      for (boolean whole : new boolean[] {false, true}) {
        AtomicInteger calls = new AtomicInteger();
        image.diffIterate(
            ALL.wholeObject(whole), (offset, length, exists) -> calls.incrementAndGet() < enough);
        assertThat(calls).hasValue(enough);
      }
    }
    assertThat(diff(image, ALL)).hasSize(OBJECTS);
  }

  @Test
  void whatAVisitorThrowsComesOutAsItIs() {
    writeEveryObject();
    for (Throwable mine : List.of(new RuntimeException("mine"), new AssertionError("my error"))) {
      AtomicInteger calls = new AtomicInteger();
      assertThatThrownBy(
              () ->
                  image.diffIterate(
                      ALL,
                      (offset, length, exists) -> {
                        calls.incrementAndGet();
                        throw Checks.<RuntimeException>sneaky(mine);
                      }))
          .isSameAs(mine);
      assertThat(calls).hasValue(1);
    }
    assertThat(diff(image, ALL)).hasSize(OBJECTS);
  }

  @Test
  void aVisitorThatUsesTheImageIsRefusedInsteadOfWaitingForEver() {
    writeEveryObject();
    for (Runnable use :
        List.<Runnable>of(
            () -> image.readAt(0, new byte[1]),
            () -> image.flush(),
            () -> image.close(),
            () -> rbd.list(),
            () -> rbd.ioContext().cluster().fsid())) {
      assertThatThrownBy(
              () ->
                  image.diffIterate(
                      ALL,
                      (offset, length, exists) -> {
                        use.run();
                        return true;
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("from inside a callback of librbd");
    }
    assertThat(image.isClosed()).isFalse();
    assertThat(image.readAt(0, new byte[1])).isEqualTo(1);
  }

  @Test
  void anUnknownSnapshotIsNotFound() {
    for (Runnable call :
        List.<Runnable>of(
            () -> image.diff(DiffOptions.since("none")),
            () -> image.diffStream(DiffOptions.since("none")).forEach(extent -> {}))) {
      Checks.fails(
          SnapshotNotFoundException.class,
          "ENOENT",
          2,
          "diff since",
          "snapshot rbd/" + name + "@none",
          call::run);
    }
  }

  @Test
  void aSnapshotThatIsNewerThanTheEndIsRefused() {
    image.createSnapshot("old");
    write(0, 4096);
    image.createSnapshot("new");
    image.setSnapshot("old");
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "diff since",
        "snapshot rbd/" + name + "@new",
        () -> image.diff(DiffOptions.since("new")));
    image.unsetSnapshot();
  }

  @Test
  void aSnapshotGivenByItsIdNeedsANewLibrary() {
    write(0, 4096);
    long id = image.createSnapshot("s").id();
    write(MIB, 4096);
    DiffOptions since = DiffOptions.since(id);
    if (NativeSymbols.has("rbd_diff_iterate3")) {
      assertThat(diff(image, since)).isEqualTo(diff(image, DiffOptions.since("s"))).hasSize(1);
      assertThatThrownBy(() -> image.diff(DiffOptions.since(id + 4711)))
          .isInstanceOf(SnapshotNotFoundException.class);
    } else {
      assertUnsupported("rbd_diff_iterate3", () -> image.diff(since));
      assertUnsupported("rbd_diff_iterate3", () -> image.diffStream(since).forEach(extent -> {}));
      assertUnsupported(
          "rbd_diff_iterate3", () -> image.diffIterate(since, (offset, length, exists) -> true));
    }
  }

  @Test
  void impossibleOptionsAreRefused() {
    assertThatThrownBy(() -> ALL.range(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ALL.range(0, -1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DiffOptions.since("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new DiffOptions("s", 1L, 0, 1, true, true))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> image.diffIterate(ALL, null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.diff(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> image.diffStream(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void theStreamLetsItsConsumerUseTheImage() {
    writeEveryObject();
    try (Stream<DiffExtent> stream = image.diffStream(ALL)) {
      List<Integer> first =
          stream
              .map(
                  extent -> {
                    byte[] data = new byte[1];
                    image.readAt(extent.offset(), data);
                    return (int) data[0];
                  })
              .toList();
      assertThat(first).hasSize(OBJECTS).containsOnly(0x5a);
    }
  }

  @Test
  void aStreamOfMoreThanOnePackIsWholeAndInOrder() {
    // Alternating 512-byte blocks: more extents than the stream hands over at once.
    byte[] block = new byte[512];
    Arrays.fill(block, (byte) 7);
    String many = Names.unique("diff-many");
    ImageOptions options = new ImageOptions();
    rbd.create(many, 3000 * 4096L, options.order(12));
    try (Image target = rbd.open(many)) {
      for (int i = 0; i < 3000; i++) {
        if (i % 2 == 0) {
          target.writeAt(i * 4096L, block);
        }
      }
      target.flush();
      try (Stream<DiffExtent> stream = target.diffStream(ALL)) {
        List<DiffExtent> extents = stream.toList();
        assertThat(extents).hasSize(1500).isEqualTo(target.diff(ALL));
        for (int i = 0; i < 1500; i++) {
          assertThat(extents.get(i)).isEqualTo(data(i * 8192L, 512));
        }
      }
    }
    rbd.remove(many);
  }

  @Test
  void aStreamThatIsClosedEarlyLetsTheImageGo() {
    writeEveryObject();
    try (Stream<DiffExtent> stream = image.diffStream(ALL)) {
      assertThat(stream.iterator().next()).isEqualTo(data(0, 4096));
    }
    try (Stream<DiffExtent> stream = image.diffStream(ALL)) {
      assertThat(stream.limit(2)).containsExactly(data(0, 4096), data(MIB, 4096));
    }
    try (Stream<DiffExtent> never = image.diffStream(ALL)) {
      assertThat(never).isNotNull();
    }
    CompletableFuture<Void> closing = CompletableFuture.runAsync(image::close);
    assertThat(closing).succeedsWithin(java.time.Duration.ofSeconds(20));
    image = rbd.open(name);
  }

  @Test
  void anImageThatIsClosedUnderAStreamEndsItInOrder() {
    writeEveryObject();
    try (Stream<DiffExtent> stream = image.diffStream(ALL)) {
      Iterator<DiffExtent> extents = stream.iterator();
      assertThat(extents.next().offset()).isZero();
      image.close(); // waits for the iteration, not for the consumer
      int rest = 0;
      while (extents.hasNext()) {
        extents.next();
        rest++;
      }
      assertThat(rest).isEqualTo(OBJECTS - 1);
    }
    image = rbd.open(name);
  }

  /** It ends the process of Ceph 16 when the fast difference looks at no object. */
  @Test
  void anEmptyRangeOfWholeObjectsHasNoDifference() {
    writeEveryObject();
    image.createSnapshot("s");
    for (DiffOptions options : List.of(ALL, DiffOptions.since("s"))) {
      for (long offset : new long[] {0, 1, MIB, MIB + 512, OBJECTS * MIB}) {
        assertThat(image.diff(options.wholeObject(true).range(offset, 0))).isEmpty();
      }
    }
    assertThatThrownBy(() -> image.diff(DiffOptions.since("no").wholeObject(true).range(0, 0)))
        .isInstanceOf(SnapshotNotFoundException.class);
    image.resize(0, true);
    assertThat(image.diff(ALL.wholeObject(true))).isEmpty();
  }

  /** librbd says nothing of the objects that were there, were cut off, and are zeros now. */
  @Test
  void whatWasCutOffDiffersAlsoInWholeObjects() {
    writeEveryObject();
    image.createSnapshot("large");
    image.resize(MIB, true);
    image.createSnapshot("small");
    image.resize(OBJECTS * MIB, false);
    List<DiffExtent> differences = image.diff(DiffOptions.since("large").wholeObject(true));
    assertThat(differences).noneMatch(DiffExtent::exists);
    assertThat(differences.stream().mapToLong(DiffExtent::length).sum())
        .isEqualTo((OBJECTS - 1) * 4096); // exact, as what is there was written so
    assertThat(image.diff(DiffOptions.since("small").wholeObject(true))).isEmpty();
  }

  @Test
  void aStreamOfAClosedImageFails() {
    writeEveryObject();
    try (Stream<DiffExtent> stream = image.diffStream(ALL)) {
      image.close();
      assertThatThrownBy(stream::toList)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    } finally {
      image = rbd.open(name);
    }
  }
}
