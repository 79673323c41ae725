package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads use images while others close them, their pool and their cluster. Every call ends, with a
 * result, an {@link RbdException} or an {@link IllegalStateException}.
 */
@CephTest
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CloseRaceIT {
  private static final long SIZE = 8 << 20;
  private static final int IMAGES = 2;
  private static final int USERS = 6;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final CephCluster ceph;
  private final Rbd shared;
  private final List<String> names = new ArrayList<>();
  private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
  private final AtomicLong results = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();

  CloseRaceIT(CephCluster ceph, Rbd shared) {
    this.ceph = ceph;
    this.shared = shared;
  }

  @BeforeEach
  void create() {
    for (int i = 0; i < IMAGES; i++) {
      String name = Names.unique("race");
      shared.create(name, SIZE);
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

  /** One connection with its pool and images. */
  private final class Connection {
    final Cluster cluster = ceph.client().connect();
    final IoContext io = cluster.ioContext("rbd");
    final Rbd rbd = new Rbd(io);
    final List<Image> images = names.stream().map(rbd::open).toList();
  }

  @Test
  void closingImages() throws InterruptedException {
    Connection connection = new Connection();
    for (int round = 0; round < 12; round++) {
      List<Image> images = names.stream().map(connection.rbd::open).toList();
      race(round, connection.rbd, images, images.stream().<Runnable>map(i -> i::close).toList());
      assertThat(images).allMatch(Image::isClosed);
    }
    connection.cluster.close();
    assertThat(connection.images).allMatch(Image::isClosed);
    assertThat(connection.io.isClosed()).isTrue();
  }

  @Test
  void closingThePool() throws InterruptedException {
    Connection connection = new Connection();
    for (int round = 0; round < 10; round++) {
      IoContext io = connection.cluster.ioContext("rbd");
      Rbd rbd = new Rbd(io);
      List<Image> images = names.stream().map(rbd::open).toList();
      race(round, rbd, images, List.of(io::close, images.getFirst()::close, io::close));
      assertThat(images).allMatch(Image::isClosed);
    }
    connection.cluster.close();
  }

  @Test
  void closingTheCluster() throws InterruptedException {
    for (int round = 0; round < 8; round++) {
      Connection connection = new Connection();
      race(
          round,
          connection.rbd,
          connection.images,
          List.of(
              connection.cluster::close,
              connection.io::close,
              connection.images.getLast()::close,
              connection.cluster::close));
      assertThat(connection.images).allMatch(Image::isClosed);
      assertThat(connection.io.isClosed()).isTrue();
      assertThat(connection.cluster.isClosed()).isTrue();
    }
  }

  /** Users work until they are refused; the closers come at random moments. */
  private void race(int seed, Rbd rbd, List<Image> images, List<Runnable> closers)
      throws InterruptedException {
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      Random random = new Random(seed * 100L + i);
      Image image = images.get(i % images.size());
      Runnable work = () -> useUntilClosed(random, rbd, image);
      threads.add(started((i & 1) == 0 ? Thread.ofPlatform() : Thread.ofVirtual(), start, work));
    }
    Random random = new Random(seed);
    for (Runnable closer : closers) {
      long delay = random.nextLong(150);
      threads.add(
          started(
              Thread.ofPlatform(),
              start,
              () -> {
                sleep(delay);
                closer.run();
              }));
    }
    start.countDown();
    for (Thread thread : threads) {
      assertThat(thread.join(LIMIT))
          .as(() -> thread + " ends; it is at " + List.of(thread.getStackTrace()))
          .isTrue();
    }
    assertThat(wrong).isEmpty();
    awaitNoRegistration();
    assertThat(results).hasPositiveValue();
  }

  /** A stream that was closed early iterates on its own thread, which may be a step behind. */
  private static void awaitNoRegistration() {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (Upcalls.registered() != 0 && System.nanoTime() < end) {
      sleep(1);
    }
    assertThat(Upcalls.registered()).isZero();
  }

  private Thread started(Thread.Builder builder, CountDownLatch start, Runnable work) {
    return builder.start(
        () -> {
          try {
            start.await();
            work.run();
          } catch (Throwable e) { // the test looks at it
            wrong.add(e);
          }
        });
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void useUntilClosed(Random random, Rbd rbd, Image image) {
    boolean refused = false;
    while (!refused) {
      try {
        use(random, rbd, image);
        results.incrementAndGet();
      } catch (IllegalStateException e) {
        // Some calls, like create, say only that the pool is closed.
        assertThat(e).hasMessageMatching("(image|pool|cluster) .* is closed");
        refusals.incrementAndGet();
        refused = true;
      } catch (RbdException e) {
        failures.incrementAndGet();
      }
    }
    assertThat(image.isClosed() || rbd.ioContext().isClosed()).isTrue();
  }

  private static void use(Random random, Rbd rbd, Image image) {
    long offset = random.nextLong(SIZE - 65536);
    switch (random.nextInt(14)) {
      case 0, 1 -> image.readAt(offset, new byte[4096]);
      case 2 -> image.writeAt(offset, new byte[4096]);
      case 3 -> image.writeAt(offset, new byte[65536]);
      case 4 -> {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment target = arena.allocate(16384);
          image.readAt(offset, target);
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
      case 11 -> {
        image.size();
        image.info();
      }
      case 12 -> rbd.list();
      case 13 -> {
        try (Image other = rbd.openReadOnly(image.name())) {
          other.readAt(0, new byte[512]);
        }
      }
      default -> throw new AssertionError();
    }
  }
}
