package io.github.rbd4j.tests;

import static io.github.rbd4j.encryption.EncryptionAlgorithm.AES256;
import static io.github.rbd4j.mirror.MirrorPeerDirection.RX;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.util.Collections.nCopies;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.Feature;
import io.github.rbd4j.FunctionNotSupportedException;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.ImageMirrorMode;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.mirror.MirrorMode;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.nio.ImageInputStream;
import io.github.rbd4j.nio.ImageOutputStream;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.transfer.DiffRange;
import io.github.rbd4j.transfer.ImageCopier;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import io.github.rbd4j.transfer.TransferOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What ends a process that uses the C API, tried through rbd4j; {@code docs/safety.md} has the rows
 * by their numbers. Each test runs in a JVM of its own, which must survive it.
 */
@CephTest
@ExtendWith(InOwnJvm.class)
class Hazards1IT {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int SIZE = 8 << 20;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final IoContext io;
  private final Rbd rbd;

  Hazards1IT(CephCluster ceph, Cluster cluster, IoContext io, Rbd rbd) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.io = io;
    this.rbd = rbd;
  }

  private void withImage(Consumer<Image> test) {
    String name = Names.unique("hazard");
    rbd.create(name, SIZE);
    try (Image image = rbd.open(name)) {
      test.accept(image);
    }
    rbd.remove(name);
  }

  /** Every object of the API that leads to native code, on an open image, with its factories. */
  private PublicApi everything(Image image) {
    return new PublicApi(
        cluster,
        io,
        rbd,
        rbd.trash(),
        rbd.migration(),
        rbd.namespaces(),
        new Groups(io),
        new Groups(io).group("group"),
        new Mirror(io),
        image,
        image.async(),
        image.snapshot("snapshot"),
        image.advisoryLocks(),
        image.exclusiveLock(),
        new ImageMirror(image),
        new Encryption(image),
        new ImageOptions(),
        Cluster.builder(),
        EncryptionFormat.luks2(AES256, new char[] {'x'}),
        OpenOptions.readWrite(),
        DiffOptions.sinceBeginning(),
        AsyncOptions.defaults(),
        ImageChannel.of(image),
        new ImageInputStream(image),
        new ImageOutputStream(image),
        new ImageExporter(rbd),
        new ImageImporter(rbd),
        new ImageCopier(rbd, rbd),
        TransferOptions.defaults(),
        DiffRange.between(null, "x"));
  }

  /** Each parameter of such a type is null once, the others make sense. */
  private void assertNullIsRefused(Predicate<Class<?>> types, int atLeast) {
    withImage(
        image -> {
          PublicApi api = everything(image);
          int refused = 0;
          List<String> accepted = new ArrayList<>();
          for (PublicApi.Call call : api.calls()) {
            Class<?>[] parameters = call.method().getParameterTypes();
            for (int i = 0; i < parameters.length; i++) {
              if (types.test(parameters[i])
                  && !call.isNullable(i)
                  && !call.method().getName().equals("equals")) {
                Object[] arguments = api.arguments(call);
                arguments[i] = null;
                PublicApi.Outcome outcome = PublicApi.invoke(call, arguments, LIMIT);
                if (outcome.thrown() instanceof NullPointerException) {
                  refused++;
                } else if (!outcome.isMissing()) {
                  accepted.add("parameter " + i + " of " + call + ": " + outcome);
                }
              }
            }
          }
          assertThat(accepted).isEmpty();
          assertThat(refused).isGreaterThanOrEqualTo(atLeast);
        });
  }

  /** On 16 librbd ends the process; also when the snapshot goes while one asks. */
  @Test
  void h1_01_timestampOfAMissingSnapshot() {
    withImage(
        image -> {
          assertThatThrownBy(() -> image.snapshot("never").timestamp())
              .isExactlyInstanceOf(SnapshotNotFoundException.class);
          try (Image other = rbd.open(image.name())) {
            CompletableFuture<Void> churn =
                Await.inBackground(
                    () -> {
                      for (int i = 0; i < 40; i++) {
                        other.createSnapshot("s").remove();
                      }
                    });
            Snapshot snapshot = image.snapshot("s");
            int missing = 0;
            while (!churn.isDone()) {
              try {
                assertThat(snapshot.timestamp()).isAfter(Instant.EPOCH);
              } catch (SnapshotNotFoundException e) {
                missing++;
              }
            }
            churn.join();
            assertThat(missing).isPositive();
          }
        });
  }

  @Test
  void h1_02_callsOnAClosedHandleAndClosingTwice() throws Exception {
    withImage(
        image -> {
          Image closed = rbd.open(image.name());
          PublicApi api =
              new PublicApi(
                      closed,
                      closed.async(),
                      closed.snapshot("s"),
                      closed.advisoryLocks(),
                      closed.exclusiveLock(),
                      new ImageMirror(closed),
                      new Encryption(closed))
                  .with(cluster, io, rbd);
          closed.close();
          closed.close();
          assertThat(refusedAsClosed(api)).isGreaterThan(100);
          EncryptionFormat format = EncryptionFormat.luks2(AES256, new char[] {'x'});
          format.close();
          format.close();
          Encryption encryption = new Encryption(image);
          assertThatThrownBy(() -> encryption.load(format))
              .isInstanceOf(IllegalStateException.class);
          assertThatThrownBy(() -> encryption.format(format))
              .isInstanceOf(IllegalStateException.class);
          ImageWatch watch = image.watch(() -> {});
          watch.close();
          watch.close();
          assertThat(watch.isClosed()).isTrue();
          closedPoolAndCluster(image);
        });

    Image image = rbd.open(createdForClosing());
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      closers.add(Thread.ofPlatform().start(image::close));
    }
    for (Thread closer : closers) {
      assertThat(closer.join(LIMIT)).isTrue();
    }
    assertThat(image.isClosed()).isTrue();
  }

  /** These work with a closed pool, and would change a cluster that others test, too. */
  private static final Set<String> NEED_ONLY_THE_CLUSTER =
      Set.of(
          "IoContext.withNamespace[String]",
          "Mirror.setSiteName[Cluster, String]",
          "Mirror.siteName[Cluster]");

  private void closedPoolAndCluster(Image image) {
    Cluster mine = ceph.client().connect();
    IoContext pool = mine.ioContext("rbd");
    Rbd images = new Rbd(pool);
    PublicApi ofPool =
        new PublicApi(
                pool,
                images,
                images.trash(),
                images.migration(),
                images.namespaces(),
                new Groups(pool),
                new Groups(pool).group("group"),
                new Mirror(pool))
            .with(mine, image);
    pool.close();
    pool.close();
    assertThat(refusedAsClosed(ofPool)).isGreaterThan(60);
    mine.close();
    mine.close();
    assertThat(refusedAsClosed(new PublicApi(mine).with(image, io))).isGreaterThan(15);
  }

  /** Calls everything on closed objects; how much was refused. */
  private static int refusedAsClosed(PublicApi api) {
    int refused = 0;
    for (PublicApi.Call call : api.calls()) {
      if (call.method().getName().equals("toString")
          || NEED_ONLY_THE_CLUSTER.contains(call.toString())) {
        continue;
      }
      PublicApi.Outcome outcome = PublicApi.invoke(call, api.arguments(call), LIMIT);
      if (outcome.thrown() == null) {
        assertThat(StubRules.CALL_NOTHING).contains(call.toString());
      } else if (!outcome.isMissing()) {
        assertThat(outcome.thrown())
            .as(call.toString())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("is closed");
        refused++;
      }
    }
    return refused;
  }

  private String createdForClosing() {
    String name = Names.unique("hazard");
    rbd.create(name, SIZE);
    return name;
  }

  @Test
  void h1_03_nullHandle() {
    assertNullIsRefused(
        type -> Set.of(Image.class, IoContext.class, Cluster.class, Rbd.class).contains(type), 8);
    assertThatThrownBy(() -> new Rbd(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> new Groups(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> new Mirror(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> new ImageMirror(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> new Encryption(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void h1_04_nullName() {
    assertNullIsRefused(type -> type == String.class, 80);
  }

  @Test
  void h1_06_nullOptions() {
    assertNullIsRefused(type -> type.getSimpleName().endsWith("Options"), 8);
  }

  @Test
  void h1_07_nullCallback() {
    assertNullIsRefused(
        type ->
            Set.of(ProgressListener.class, DiffVisitor.class, Runnable.class, QuiesceListener.class)
                .contains(type),
        15);
  }

  /** Not of one row: all other parameters that can be null. */
  @Test
  void h1_03_nullAnything() {
    assertNullIsRefused(type -> !type.isPrimitive(), 150);
  }

  @Test
  void h1_09_closingAWatchTwiceOrAfterItsImage() throws Exception {
    String name = createdForClosing();
    Image image = rbd.open(name);
    ImageWatch first = image.watch(() -> {});
    ImageWatch second = image.watch(() -> {});
    QuiesceWatch quiesce =
        image.watchQuiesce(PublicApi.quiesceListener(() -> {}), Duration.ofSeconds(5));
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      closers.add(Thread.ofPlatform().start(first::close));
    }
    for (Thread closer : closers) {
      assertThat(closer.join(LIMIT)).isTrue();
    }
    quiesce.close();
    quiesce.close();
    image.close(); // takes the second along
    first.close();
    second.close();
    quiesce.close();
    assertThatThrownBy(() -> image.watch(() -> {})).isInstanceOf(IllegalStateException.class);
    rbd.remove(name);
  }

  /** However the listener ends, librbd is told once that it is done. */
  @Test
  void h1_10_theEndOfAQuiesceIsToldOnce() {
    withImage(
        image -> {
          AtomicInteger asked = new AtomicInteger();
          try (QuiesceWatch _ =
                  image.watchQuiesce(
                      PublicApi.quiesceListener(
                          () -> {
                            if (asked.incrementAndGet() % 2 == 0) {
                              throw new IllegalStateException("every second time it fails");
                            }
                          }),
                      Duration.ofSeconds(5));
              Image other = rbd.open(image.name())) {
            for (int i = 0; i < 6; i++) {
              String snapshot = "s" + i;
              try {
                other.createSnapshot(snapshot).remove();
              } catch (RbdException e) {
                assertThat(e.operation()).startsWith("create"); // the listener failed
              }
            }
          }
          assertThat(asked.get()).isGreaterThanOrEqualTo(6);
        });
  }

  /** A future that is given up releases nothing: librbd still calls back. */
  @Test
  void h1_13_givingUpOperationsThatAreInFlight() {
    withImage(
        image -> {
          for (AsyncOptions options :
              List.of(AsyncOptions.defaults(), AsyncOptions.defaults().onLibrbdThread(true))) {
            AsyncImage async = image.async(options.deadline(Duration.ofNanos(1)));
            for (int i = 0; i < 2000; i++) {
              CompletableFuture<Long> read = async.read(0, MemorySegment.ofArray(new byte[4096]));
              read.cancel(true);
              async.write(4096L * (i % 100), MemorySegment.ofArray(new byte[4096])).cancel(false);
            }
          }
          System.gc();
          image.flush();
        });
  }

  @Test
  void h1_14_closingAClusterTwice() throws Exception {
    Cluster mine = ceph.client().connect();
    Image image = new Rbd(mine.ioContext("rbd")).open(createdForClosing());
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      closers.add(Thread.ofPlatform().start(mine::close));
    }
    for (Thread closer : closers) {
      assertThat(closer.join(LIMIT)).isTrue();
    }
    mine.close();
    assertThat(image.isClosed()).isTrue();
    assertThatThrownBy(mine::fsid)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }

  /**
   * The options of librbd live for one call, which destroys them; ours are used by many at once.
   */
  @Test
  void h1_15_destroyingOptionsTwice() {
    ImageOptions options = new ImageOptions().order(22).dataPool("rbd");
    List<CompletableFuture<Void>> creating = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String name = Names.unique("shared-options");
      names.add(name);
      creating.add(Await.inBackground(() -> rbd.create(name, SIZE, options)));
    }
    creating.forEach(CompletableFuture::join);
    assertThatThrownBy(() -> rbd.create(names.getFirst(), SIZE, options))
        .isInstanceOf(ImageExistsException.class);
    names.forEach(rbd::remove);
  }

  private Image openAndForgetTheRest(List<WeakReference<NativeObject>> dropped, String name) {
    Cluster mine = ceph.client().connect();
    IoContext pool = mine.ioContext("rbd");
    dropped.add(new WeakReference<>(mine));
    dropped.add(new WeakReference<>(pool));
    return new Rbd(pool).open(name);
  }

  @Test
  void h1_17_collectingTheClusterOfAnImageThatIsInUse() {
    String name = createdForClosing();
    List<WeakReference<NativeObject>> dropped = new ArrayList<>();
    Image image = openAndForgetTheRest(dropped, name);
    for (int i = 0; i < 20; i++) {
      System.gc();
      image.writeAt(0, new byte[] {1, 2, 3});
      image.createSnapshot("s" + i);
    }
    assertThat(image.snapshots()).hasSize(20);
    assertThat(dropped).allMatch(object -> object.get() != null); // kept by their image
    image.close();
    assertThat(dropped).allMatch(object -> !requireNonNull(object.get()).isClosed());
    requireNonNull(dropped.getFirst().get()).close();
  }

  private static final class Escape extends Error {
    private static final long serialVersionUID = 1;
  }

  @Test
  void h1_18_exceptionsInCallbacks() throws Exception {
    withImage(
        image -> {
          image.writeAt(0, new byte[SIZE]);
          assertThatThrownBy(
                  () ->
                      image.diffIterate(
                          DiffOptions.sinceBeginning(),
                          (_, _, _) -> {
                            throw new Escape();
                          }))
              .isInstanceOf(Escape.class);
          assertThatThrownBy(
                  () ->
                      image.resize(
                          4096,
                          true,
                          (_, _) -> {
                            throw new Escape();
                          }))
              .isInstanceOf(Escape.class);
          CountDownLatch heard = new CountDownLatch(1);
          try (ImageWatch _ =
              image.watch(
                  () -> {
                    heard.countDown();
                    throw new Escape();
                  })) {
            image.createSnapshot("s").remove();
            Await.until("the watch is told", () -> heard.getCount() == 0);
          }
          CompletableFuture<Long> read =
              image
                  .async(AsyncOptions.defaults().onLibrbdThread(true))
                  .read(0, Arena.ofAuto().allocate(4096));
          assertThatThrownBy(
                  () ->
                      read.thenRun(
                              () -> {
                                throw new Escape();
                              })
                          .get())
              .hasCauseInstanceOf(Escape.class);
        });
  }

  /** Everything that librbd writes to is of this operation alone and lives as long as that. */
  @Test
  void h1_20_memoryThatIsForgottenOrFreedWhileLibrbdUsesIt() {
    withImage(
        image -> {
          AsyncImage async = image.async();
          List<CompletableFuture<?>> all = new ArrayList<>();
          for (int i = 0; i < 500; i++) {
            Arena arena = Arena.ofShared();
            List<MemorySegment> pieces = new ArrayList<>();
            for (int p = 0; p < 16; p++) {
              pieces.add(p % 2 == 0 ? arena.allocate(512) : Arena.ofAuto().allocate(512));
            }
            all.add(async.readv(0, pieces).exceptionally(_ -> null));
            all.add(
                async
                    .compareAndWrite(0, arena.allocate(512), arena.allocate(512))
                    .exceptionally(_ -> null));
            pieces.clear();
            assertThatCode(arena::close)
                .doesNotThrowAnyExceptionExcept(IllegalStateException.class);
            if (i % 100 == 0) {
              System.gc();
            }
          }
          CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
        });
  }

  @Test
  @SuppressWarnings("restricted")
  void h1_21_vectorsThatAreEmptyOrTooLarge() {
    withImage(
        image -> {
          AsyncImage async = image.async();
          MemorySegment small = Arena.ofAuto().allocate(512);
          MemorySegment huge = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
          List<MemorySegment> many = nCopies(1025, small);
          for (List<MemorySegment> bad : List.of(List.<MemorySegment>of(), many, List.of(huge))) {
            assertThatThrownBy(() -> async.readv(0, bad))
                .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> async.writev(0, bad))
                .isInstanceOf(IllegalArgumentException.class);
          }
          List<MemorySegment> overflow = List.of(huge, huge);
          assertThatThrownBy(() -> async.readv(0, overflow))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> async.writev(0, overflow))
              .isInstanceOf(IllegalArgumentException.class);
        });
  }

  /** The stubs of callbacks live for ever; here watches end while they are called. */
  @Test
  void h1_19_watchesComeAndGoWhileTheyAreCalled() {
    Elsewhere.passes(ceph, WatchIT.class, "watchesComeAndGoWhileTheNewsCome");
    Elsewhere.passes(ceph, QuiesceIT.class, "watchesComeAndGoWhileSnapshotsAreTaken");
  }

  /**
   * Snapshots of users lie before, between and behind those of mirroring. What crashes besides
   * needs a copy whose transfer was interrupted.
   */
  @Test
  void h1_25_aForcedPromotionOfAnImageWithSnapshots() {
    String name = Names.unique("promotions");
    cluster.createPool(name);
    try (IoContext pool = cluster.ioContext(name)) {
      Rbd images = new Rbd(pool);
      images.initPool(false);
      new Mirror(pool).setMode(MirrorMode.IMAGE);
      images.create("vm", SIZE);
      try (Image image = images.open("vm")) {
        ImageMirror mirror = new ImageMirror(image);
        image.createSnapshot("before");
        mirror.enable(ImageMirrorMode.SNAPSHOT);
        image.writeAt(0, new byte[4096]);
        image.createSnapshot("between");
        for (boolean force : List.of(true, false, true)) {
          mirror.demote();
          assertThatThrownBy(() -> image.createSnapshot("demoted"))
              .isInstanceOf(RbdException.class);
          mirror.promote(force);
          assertThat(mirror.info().primary()).isTrue();
          image.createSnapshot("after " + image.snapshots().size());
        }
        mirror.disable(true);
        image.snapshots().forEach(s -> image.removeSnapshot(s.id()));
      }
      images.remove("vm");
    }
    cluster.deletePool(name);
  }

  /** A compare-and-write that is larger than an entry of the journal can be. */
  @Test
  void h1_26_aLargeCompareAndWriteOnAnImageWithAJournal() {
    String name = Names.unique("hazard");
    ImageOptions options =
        new ImageOptions()
            .addFeatures(Set.of(Feature.EXCLUSIVE_LOCK, Feature.JOURNALING))
            .journal(12, 4);
    rbd.create(name, SIZE, options);
    try (Image image = rbd.open(name)) {
      byte[] old = new byte[4 << 20];
      byte[] data = Checks.random(old.length, 26);
      try {
        assertThat(image.compareAndWrite(0, old, data)).isEmpty();
        byte[] back = new byte[data.length];
        image.readAt(0, back);
        assertThat(back).isEqualTo(data);
      } catch (RbdException e) {
        assertThat(e.errnoName()).isEqualTo("EINVAL"); // 16 compares one sector at most
      }
    }
    rbd.remove(name);
  }

  @Test
  void h1_27_aSnapshotDisappearsUnderADiff() {
    withImage(
        image -> {
          image.writeAt(0, new byte[SIZE]);
          try (Image other = rbd.open(image.name())) {
            CompletableFuture<Void> churn =
                Await.inBackground(
                    () -> {
                      for (int i = 0; i < 25; i++) {
                        other.createSnapshot("s");
                        other.writeAt(0, new byte[4096]);
                        other.snapshot("s").remove();
                      }
                    });
            Set<String> outcomes = new TreeSet<>();
            while (!churn.isDone()) {
              try {
                image.diff(DiffOptions.since("s").wholeObject(true));
                outcomes.add("a result");
              } catch (RbdException e) {
                outcomes.add(e.errnoName());
              }
            }
            churn.join();
            assertThat(outcomes).contains("ENOENT").isSubsetOf("a result", "ENOENT");
          }
        });
  }

  /** The C function leaves its result as it was; nobody may look at that. */
  @Test
  void h1_28_openingAnImageByAnIdThatIsMissing() {
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(() -> rbd.openById("0123456789ab"))
          .isExactlyInstanceOf(ImageNotFoundException.class);
    }
    assertThatThrownBy(() -> EncryptionFormat.luks((byte[]) null))
        .isInstanceOf(NullPointerException.class);
  }

  /** A thread of librbd may still be in an image that has just been opened, when it is closed. */
  @Test
  void h1_30_closingASnapshotOrACloneThatWasJustOpened() {
    String name = createdForClosing();
    String clone = Names.unique("hazard");
    try (Image image = rbd.open(name)) {
      image.createSnapshot("s");
    }
    rbd.clone(name, "s", rbd, clone, new ImageOptions().cloneFormat(2));
    List<Runnable> kinds =
        List.of(
            () -> rbd.open(name, OpenOptions.at("s")).close(),
            () -> rbd.openAsync(name, OpenOptions.at("s")).thenCompose(Image::closeAsync).join(),
            () -> rbd.openReadOnly(clone).close(),
            () -> rbd.openAsync(clone, OpenOptions.forReading()).thenAccept(Image::close).join());
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) { // more than there are processors, so that threads are preempted
      Runnable kind = kinds.get(i % kinds.size());
      all.add(
          Await.inBackground(
              () -> {
                for (int round = 0; round < 150; round++) {
                  kind.run();
                }
              }));
    }
    all.forEach(CompletableFuture::join);
    rbd.remove(clone);
    try (Image image = rbd.open(name)) {
      image.snapshot("s").remove();
    }
    rbd.remove(name);
  }

  /** librbd opens the parent and closes it at once, so that its own thread may still be in it. */
  @Test
  void h1_31_clonesThatAreRefused() {
    String name = createdForClosing();
    String bare = Names.unique("hazard");
    rbd.create(bare, SIZE, new ImageOptions().features(Set.of()));
    for (String each : List.of(name, bare)) {
      try (Image image = rbd.open(each)) {
        image.createSnapshot("s");
      }
    }
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) { // more than there are processors, so that threads are preempted
      String parent = i % 2 == 0 ? name : bare;
      Class<? extends RbdException> refused =
          i % 2 == 0 ? InvalidRequestException.class : FunctionNotSupportedException.class;
      ImageOptions options = new ImageOptions().cloneFormat(1 + i % 2);
      String clone = Names.unique("hazard");
      all.add(
          Await.inBackground(
              () -> {
                for (int round = 0; round < 100; round++) {
                  assertThatThrownBy(() -> rbd.clone(parent, "s", rbd, clone, options))
                      .isExactlyInstanceOf(refused)
                      .hasMessageContaining("clone image");
                }
              }));
    }
    all.forEach(CompletableFuture::join);
    for (String each : List.of(name, bare)) {
      try (Image image = rbd.open(each)) {
        image.snapshot("s").remove();
      }
      rbd.remove(each);
    }
  }

  /** A list or map that is another one each time it is looked at. */
  private static final class Changing<T> extends AbstractList<T> {
    private final List<T> first;
    private final List<T> later;
    private int looks;

    Changing(List<T> first, List<T> later) {
      this.first = first;
      this.later = later;
    }

    @Override
    public T get(int index) {
      return first.get(Math.min(index, first.size() - 1));
    }

    @Override
    public int size() {
      return looks++ < 1 ? first.size() : later.size();
    }

    @Override
    public Object[] toArray() {
      return first.toArray();
    }

    @Override
    public Stream<T> stream() {
      return (looks++ < 1 ? first : later).stream();
    }

    @Override
    public Iterator<T> iterator() {
      return (looks++ < 1 ? first : later).iterator();
    }
  }

  @Test
  void h1_32_collectionsThatChangeWhileTheyAreLookedAt() {
    withImage(
        image -> {
          AsyncImage async = image.async();
          byte[] data = new byte[512];
          Arrays.fill(data, (byte) 7);
          MemorySegment small = Arena.ofAuto().allocate(512).copyFrom(MemorySegment.ofArray(data));
          MemorySegment readOnly = Arena.ofAuto().allocate(512).asReadOnly();
          async.writev(SIZE - 512, new Changing<>(List.of(small), nCopies(900, small))).join();
          async.readv(0, new Changing<>(List.of(small), List.of(readOnly))).join();
          assertThat(small.get(ValueLayout.JAVA_BYTE, 0)).isZero();
          assertThat(readOnly.mismatch(MemorySegment.ofArray(new byte[512]))).isEqualTo(-1);
          if (NativeSymbols.has("rbd_aio_compare_and_writev")) {
            async
                .compareAndWrite(
                    0,
                    new Changing<>(List.of(small), nCopies(500, small)),
                    new Changing<>(List.of(small), nCopies(500, small)))
                .join();
          }
          if (NativeSymbols.has("rbd_encryption_load2")) {
            EncryptionFormat format = EncryptionFormat.luks2(AES256, new char[] {'x'});
            assertThatThrownBy(
                    () ->
                        new Encryption(image)
                            .load(new Changing<>(List.of(format), nCopies(10_000_000, format))))
                .isInstanceOf(RbdException.class);
          }
        });
    Map<String, String> attributes =
        new HashMap<>(Map.of("key", "value")) {
          private static final long serialVersionUID = 1;

          @Override
          public int size() {
            return Integer.MAX_VALUE;
          }
        };
    assertThatThrownBy(() -> new Mirror(io).setPeerAttributes("nobody", attributes))
        .isInstanceOf(RbdException.class);
  }

  @Test
  void h1_33_aStripeCountOfWhichNothingIsLeft() {
    for (long count : new long[] {1L << 32, (1 << 20) + 1, -1, Long.MIN_VALUE}) {
      ImageOptions options = new ImageOptions();
      assertThatThrownBy(() -> options.striping(65536, count))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("stripe_count " + count);
    }
    for (String count : List.of("4294967296", "4096M", "0x100000000", "", "-1")) {
      assertThatThrownBy(() -> rbd.setConfig("rbd_default_stripe_count", count))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> cluster.setConfig("rbd default-stripe_count", count))
          .isInstanceOf(IllegalArgumentException.class);
    }
    String name = Names.unique("stripes");
    rbd.create(name, SIZE, new ImageOptions().striping(65536, 1 << 20));
    try (Image image = rbd.open(name)) {
      assertThat(image.stripeCount()).isEqualTo(1 << 20);
      image.writeAt(SIZE - 3, new byte[] {1, 2, 3});
      byte[] back = new byte[3];
      image.readAt(SIZE - 3, back);
      assertThat(back).containsExactly(1, 2, 3);
    }
    rbd.remove(name);
  }

  @Test
  void h1_34_textThatIsNestedDeeply() {
    String deep = "[".repeat(60_000);
    String more = "{\"a\":".repeat(1 << 20);
    for (String text : List.of(deep, more)) {
      ImageOptions options = new ImageOptions();
      assertThatThrownBy(() -> rbd.migration().prepareImport(text, "imported", options))
          .isInstanceOf(IllegalArgumentException.class);
      String token = Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
      for (String coded : List.of(token, token.substring(1), token.replace("W", "W\n="))) {
        assertThatThrownBy(() -> new Mirror(io).importBootstrapToken(RX, coded))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
    assertThat(rbd.exists("imported")).isFalse();
  }

  /** Memory of which the file is gone, which only the JVM can survive to touch. */
  @Test
  void h1_35_memoryThatIsMappedFromAFileThatBecomesShorter() throws IOException {
    Path file = Files.createTempFile("mapped", "");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, WRITE)) {
      MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20);
      MemorySegment segment = MemorySegment.ofBuffer(mapped);
      channel.truncate(0);
      withImage(
          image -> {
            for (Runnable call :
                List.<Runnable>of(
                    () -> image.writeAt(0, mapped.duplicate()),
                    () -> image.readAt(0, mapped.duplicate()),
                    () -> image.writeSame(0, 1 << 20, segment),
                    () -> image.async().write(0, segment).join(),
                    () -> image.async().writev(0, List.of(segment)).join(),
                    () -> image.async().read(0, segment).join())) {
              assertThat(catchThrowable(() -> call.run()))
                  .satisfiesAnyOf(
                      thrown -> assertThat(thrown).isInstanceOf(InternalError.class),
                      thrown -> assertThat(thrown).hasCauseInstanceOf(InternalError.class));
            }
            image.writeAt(0, new byte[512]);
          });
    } finally {
      Files.delete(file);
    }
  }
}
