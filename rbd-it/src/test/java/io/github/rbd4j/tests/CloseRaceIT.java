package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.AsyncOptions.WhenFull;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.LockMode;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.Watcher;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.transfer.ImageExporter;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.NonWritableChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads use images in every way while others close them, their pool and their cluster at random
 * moments. Every call ends, with a result, an {@link RbdException} or an {@link
 * IllegalStateException}, and nothing stays: no registration, no watch in the cluster, no thread,
 * no open file.
 *
 * <p>Each native object is destroyed once: as many are destroyed as were made, the cluster knows of
 * no watcher any more, and the threads of the connections are gone.
 *
 * <p>{@code -Drbd4j.closerace.rounds=} says how many rounds each test has at least (100: thousands
 * take minutes), and {@code -Drbd4j.closerace.seconds=} how long all of them go on if they have
 * made them sooner (60). {@code -Drbd4j.closerace.seed=} repeats the decisions of a run, if not its
 * timing.
 */
@CephTest
@Timeout(value = 12, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloseRaceIT {
  private static final Logger LOG = LoggerFactory.getLogger(CloseRaceIT.class);
  private static final long SIZE = 4 << 20;
  private static final int TABLES = 5;
  private static final int USERS = 4;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long SECONDS = Long.getLong("rbd4j.closerace.seconds", 60);
  private static final long ROUNDS = Long.getLong("rbd4j.closerace.rounds", 100);

  /** What may stay: threads and files that the JVM or librados keep for the next time. */
  private static final int MORE_THREADS = 4;

  private static final int MORE_FILES = 4;
  private static final long MORE_MEMORY = 64 << 20;
  private static final long MORE_HEAP = 8 << 20;
  private static final long SEED = Long.getLong("rbd4j.closerace.seed", System.nanoTime());

  private final CephCluster ceph;
  private final Rbd shared;
  private final List<String> names = new ArrayList<>();
  private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
  private final AtomicLong rounds = new AtomicLong();
  private final AtomicLong results = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();

  CloseRaceIT(CephCluster ceph, Rbd shared) {
    this.ceph = ceph;
    this.shared = shared;
  }

  /** Each table has an image with the exclusive lock, and one without, for the other locks. */
  @BeforeEach
  void create() {
    for (int i = 0; i < 2 * TABLES; i++) {
      String name = Names.unique("race");
      ImageOptions options = new ImageOptions().order(18);
      if ((i & 1) == 1) {
        options.features(EnumSet.of(Feature.LAYERING));
      }
      shared.create(name, SIZE, options);
      try (Image image = shared.open(name)) {
        image.writeAt(0, new byte[1 << 20]);
        image.createSnapshot("first");
      }
      names.add(name);
    }
  }

  @AfterEach
  void remove() {
    for (String name : names) {
      try (Image image = shared.open(name)) {
        image.snapshots().forEach(snapshot -> image.removeSnapshot(snapshot.id()));
      }
      shared.remove(name);
    }
  }

  /** A connection, a pool of it, and images of that. */
  private final class Objects {
    final Cluster cluster;
    final IoContext io;
    final List<Image> images;

    Objects(Cluster cluster, int table) {
      this.cluster = cluster;
      io = cluster.ioContext("rbd");
      Rbd rbd = new Rbd(io);
      images = names.subList(2 * table, 2 * table + 2).stream().map(rbd::open).toList();
    }
  }

  @Test
  void closingImages() throws Exception {
    try (Cluster cluster = ceph.client().connect()) {
      race(
          table -> {
            Objects objects = new Objects(cluster, table);
            race(table, objects, objects.images.stream().<Runnable>map(i -> i::close).toList());
            assertThat(objects.images).allMatch(Image::isClosed);
            objects.io.close();
          });
    }
  }

  @Test
  void closingThePool() throws Exception {
    try (Cluster cluster = ceph.client().connect()) {
      race(
          table -> {
            Objects objects = new Objects(cluster, table);
            IoContext io = objects.io;
            race(table, objects, List.of(io::close, objects.images.getFirst()::close, io::close));
            assertThat(objects.images).allMatch(Image::isClosed);
          });
    }
  }

  @Test
  void closingTheCluster() throws Exception {
    race(
        table -> {
          Objects objects = new Objects(ceph.client().connect(), table);
          Cluster cluster = objects.cluster;
          race(
              table,
              objects,
              List.of(
                  cluster::close,
                  objects.io::close,
                  objects.images.getLast()::close,
                  cluster::close));
          assertThat(objects.images).allMatch(Image::isClosed);
          assertThat(objects.io.isClosed()).isTrue();
          assertThat(cluster.isClosed()).isTrue();
        });
  }

  /** The first round of a test loads what stays for ever. */
  @FunctionalInterface
  private interface Round {
    void at(int table) throws InterruptedException;
  }

  /**
   * Rounds at all tables at the same time, for a third of the time each test has; then the looks.
   */
  private void race(Round round) throws Exception {
    round.at(0);
    Resources before = Resources.now();
    long created = NativeHandle.created();
    long destroyed = NativeHandle.destroyed();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS) / 3;
    List<CompletableFuture<Void>> tables = new ArrayList<>();
    for (int table = 0; table < TABLES; table++) {
      int number = table;
      tables.add(
          Await.inBackground(
              () -> {
                try {
                  while ((System.nanoTime() < end || rounds.get() < ROUNDS) && wrong.isEmpty()) {
                    round.at(number);
                    rounds.incrementAndGet();
                  }
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    for (CompletableFuture<Void> table : tables) {
      table.join();
    }
    LOG.info(
        "seed {}: {} rounds, {} results, {} refusals, {} failures",
        SEED,
        rounds,
        results,
        refusals,
        failures);
    assertThat(wrong).as("seed " + SEED).isEmpty();
    assertThat(results).hasPositiveValue();
    assertThat(refusals).hasPositiveValue();
    // A stream that was closed early iterates on its own thread, which may be a step behind.
    Await.until("nothing is registered", () -> Upcalls.registered() == 0);
    assertThat(rounds).hasValueGreaterThanOrEqualTo(ROUNDS);
    assertThat(NativeHandle.destroyed() - destroyed)
        .as("destroyed")
        .isEqualTo(NativeHandle.created() - created);
    assertNoWatcher();
    Resources after = Resources.now();
    assertThat(after.files() - before.files()).as("more files").isLessThanOrEqualTo(MORE_FILES);
    assertThat(after.threads() - before.threads())
        .as("more threads")
        .isLessThanOrEqualTo(MORE_THREADS);
    assertThat(after.memory() - before.memory()).as("growth of RSS").isLessThan(MORE_MEMORY);
    assertThat(after.heap() - before.heap()).as("growth of the heap").isLessThan(MORE_HEAP);
  }

  private void assertNoWatcher() {
    for (String name : names) {
      try (Image image = shared.openReadOnly(name)) {
        Await.until("no watcher is left", () -> image.watchers().isEmpty());
      }
    }
  }

  /** Users work until they are refused; the closers come at random moments. */
  private void race(int table, Objects objects, List<Runnable> closers)
      throws InterruptedException {
    Random random = new Random(SEED + rounds.get() * TABLES + table);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      Random own = new Random(random.nextLong());
      Image image = objects.images.get(i % objects.images.size());
      Thread.Builder builder = i < 2 ? Thread.ofPlatform() : Thread.ofVirtual();
      threads.add(started(builder, () -> useUntilClosed(own, objects, image)));
    }
    for (Runnable closer : closers) {
      long delay = random.nextLong(15_000_000);
      threads.add(
          started(
              Thread.ofPlatform(),
              () -> {
                LockSupport.parkNanos(delay);
                closer.run();
              }));
    }
    for (Thread thread : threads) {
      if (!thread.join(LIMIT)) {
        AssertionError hangs = new AssertionError(thread + " hangs, seed " + SEED);
        hangs.setStackTrace(thread.getStackTrace());
        throw hangs;
      }
    }
  }

  private Thread started(Thread.Builder builder, Runnable work) {
    return builder.start(
        () -> {
          try {
            work.run();
          } catch (Throwable e) { // the test looks at it
            wrong.add(e);
          }
        });
  }

  private void useUntilClosed(Random random, Objects objects, Image image) {
    List<CompletableFuture<?>> futures = new ArrayList<>();
    boolean refused = false;
    while (!refused) {
      refused = !ends(() -> use(random, objects, image, futures));
    }
    assertThat(image.isClosed() || objects.io.isClosed() || objects.cluster.isClosed()).isTrue();
    for (CompletableFuture<?> future : futures) {
      ends(() -> future.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join());
    }
  }

  /** Makes a call, which must end in one of the ways that are defined; whether it was let in. */
  private boolean ends(Runnable call) {
    try {
      call.run();
      results.incrementAndGet();
      return true;
    } catch (RuntimeException e) {
      switch (e instanceof CompletionException ? e.getCause() : e) {
        // Some calls, like create, say only that the pool is closed.
        case IllegalStateException closed -> {
          assertThat(closed).hasMessageMatching(".*(image|pool|cluster|watch) .* is closed");
          refusals.incrementAndGet();
          return false;
        }
        case RbdException _ -> failures.incrementAndGet();
        case RejectedExecutionException _ -> failures.incrementAndGet();
        default -> throw e;
      }
      return true;
    }
  }

  private static void use(
      Random random, Objects objects, Image image, List<CompletableFuture<?>> futures) {
    long offset = random.nextLong(SIZE / 2);
    boolean locks = image == objects.images.getLast();
    // What takes the cluster long is rare, so that there are more rounds.
    int what = random.nextInt(100);
    switch (what < 68 ? what % 17 : what % 32) {
      case 0, 1 -> image.readAt(offset, new byte[4096]);
      case 2, 3 -> image.writeAt(offset, new byte[1 + random.nextInt(65536)]);
      case 4 -> {
        try (Arena arena = Arena.ofConfined()) {
          image.readAt(offset, arena.allocate(16384));
        }
      }
      case 5 -> image.snapshots();
      case 6 -> image.diff(DiffOptions.since("first"));
      case 7 -> {
        try (var extents = image.diffStream(DiffOptions.sinceBeginning())) {
          assertThat(extents.limit(2).count()).isLessThanOrEqualTo(2);
        }
      }
      case 8 -> image.setMetadata("key" + random.nextInt(4), "value");
      case 9 -> image.metadata();
      case 10 -> image.flush();
      case 11 -> image.info();
      case 12 -> new Rbd(objects.io).list();
      case 13 -> {
        try (Image other = new Rbd(objects.io).openReadOnly(image.name())) {
          other.readAt(0, new byte[512]);
        }
      }
      case 14, 15, 16 -> submit(random, image, offset, futures);
      case 17 -> {
        try (ImageWatch watch = image.watch(() -> {})) {
          image.setMetadata("watched", "yes");
          assertThat(watch).isNotNull();
        }
      }
      case 18, 19 -> {
        if (random.nextBoolean()) {
          try (QuiesceWatch watch = image.watchQuiesce(new Calm(), Duration.ofSeconds(5))) {
            assertThat(watch).isNotNull();
          }
        } else {
          image.createSnapshot(Names.unique("s")).remove();
        }
      }
      case 20 -> image.resize(SIZE - random.nextInt(8) * 65536L, true);
      case 21 -> image.discard(offset, 65536);
      case 22 -> {
        if (locks) {
          String cookie = "c" + random.nextInt(3);
          image.advisoryLocks().lockShared(cookie, "tag");
          image.advisoryLocks().unlock(cookie);
        } else {
          image.exclusiveLock().acquire(LockMode.EXCLUSIVE);
        }
      }
      case 23 -> {
        List<Watcher> watchers = image.watchers();
        assertThat(watchers).isNotEmpty();
      }
      case 24 -> new Rbd(objects.io).openAsync(image.name()).thenCompose(Image::closeAsync).join();
      case 25 ->
          unwrapped(
              () -> {
                try (ImageChannel channel = ImageChannel.of(image)) {
                  channel.write(ByteBuffer.allocate(4096), offset);
                  channel.read(ByteBuffer.allocate(4096), offset);
                }
              });
      case 26 ->
          unwrapped(
              () ->
                  new ImageExporter(new Rbd(objects.io))
                      .raw(
                          image.name(),
                          null,
                          Channels.newChannel(OutputStream.nullOutputStream())));
      case 27 -> {
        objects.cluster.pools();
        objects.cluster.monCommand("{\"prefix\": \"osd stat\"}");
      }
      case 28 -> {
        new Groups(objects.io).list();
        assertThat(image.group()).isEmpty();
      }
      case 29 -> {
        new Mirror(objects.io).mode();
        new ImageMirror(image).info();
      }
      case 30 -> { // there is none: an error
        try (EncryptionFormat format =
            EncryptionFormat.luks1(EncryptionAlgorithm.AES128, "passphrase".toCharArray())) {
          new Encryption(image).load(format);
        }
      }
      case 31 -> {
        try (IoContext other = objects.io.withNamespace("")) {
          new Rbd(other).list();
        }
      }
      default -> throw new AssertionError();
    }
  }

  @FunctionalInterface
  private interface Transfer {
    void run() throws IOException;
  }

  /** What channels and exports throw has the reason inside, unless the image became smaller. */
  private static void unwrapped(Transfer transfer) {
    try {
      transfer.run();
    } catch (NonWritableChannelException locked) { // for good, by a handle that is just closing
      assertThat(locked).hasCauseInstanceOf(ReadOnlyImageException.class);
    } catch (EOFException smaller) {
      assertThat(smaller).hasMessageContaining("the image ended");
    } catch (IOException e) {
      throw e.getCause() instanceof RuntimeException reason ? reason : new UncheckedIOException(e);
    }
  }

  /** Many at once, with a queue of each kind. */
  private static void submit(
      Random random, Image image, long offset, List<CompletableFuture<?>> futures) {
    List<WhenFull> kinds = List.of(WhenFull.values());
    WhenFull kind = kinds.get(random.nextInt(kinds.size()));
    var async = image.async(AsyncOptions.defaults().queueDepth(4).whenFull(kind));
    for (int i = 0; i < 16; i++) {
      futures.add(
          switch (random.nextInt(4)) {
            case 0 -> async.read(offset, Arena.ofAuto().allocate(4096));
            case 1 -> async.write(offset, MemorySegment.ofArray(new byte[4096]));
            case 2 -> async.writeZeroes(offset, 4096, false);
            default -> async.flush();
          });
    }
  }

  private static final class Calm implements QuiesceListener {
    @Override
    public void quiesce() {}

    @Override
    public void unquiesce() {}
  }
}
