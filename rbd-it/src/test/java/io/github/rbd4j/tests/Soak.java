package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.ToDoubleFunction;

/**
 * Mixed load with opens and closes of images, pools and connections, for as long as one likes. All
 * that is read is compared with what was written. What the process has is sampled, and must not
 * grow once it is warm. {@code bin/soak} runs this; {@code docs/testing.md} has a result.
 */
public final class Soak {
  /** Of the samples, the first part that does not count. */
  private static final double WARM_UP = 0.3;

  /**
   * What may grow from the first third of the warm samples to the last, between the least of each.
   * A leak of an open image in each thousand cycles would be more.
   */
  private static final Resources BOUND = new Resources(32 << 20, 2 << 20, 4, 4, 1 << 20);

  /** On a busy machine a sample takes longer; so many are taken all the same. */
  private static final int SAMPLES = 30;

  private static final int WORKERS = 4;
  private static final int SIZE = 4 << 20;
  private static final int BLOCK = 4096;

  private final CephCluster ceph;
  private final Duration length;
  private final Duration interval;
  private final PrintStream out;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicLong cycles = new AtomicLong();
  private final List<Resources> samples = new ArrayList<>();

  private final CountDownLatch warm = new CountDownLatch(WORKERS);

  /** Held by each worker for a round, and for a sample: it sees what is there between rounds. */
  private final ReadWriteLock round = new ReentrantReadWriteLock(true);

  Soak(CephCluster ceph, Duration length, PrintStream out) {
    this.ceph = ceph;
    this.length = length;
    this.interval = length.dividedBy(SAMPLES);
    this.out = out;
  }

  /** Runs on a cluster of its own: {@code Soak SECONDS}. The exit status is 1 if something grew. */
  public static void main(String[] arguments) throws Exception {
    boolean flat;
    try (CephCluster ceph = CephCluster.start(CephCluster.Layout.onDisk())) {
      Duration length = Duration.ofSeconds(Long.parseLong(arguments[0]));
      flat = new Soak(ceph, length, System.out).run().isEmpty();
    }
    System.exit(flat ? 0 : 1);
  }

  /** Runs it; what grew beyond its bound, or nothing. */
  List<String> run() throws IOException, InterruptedException {
    out.println("    time   cycles  RSS KiB  heap KiB  threads  files  direct KiB");
    List<CompletableFuture<Void>> workers = new ArrayList<>();
    try (Cluster cluster = ceph.client().connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      for (int i = 0; i < WORKERS; i++) {
        Worker worker = new Worker(i, rbd);
        workers.add(Await.inBackground(worker::work));
      }
      Await.until(
          "each worker has done all once",
          () -> warm.getCount() == 0 || workers.stream().anyMatch(CompletableFuture::isDone));
      long start = System.nanoTime();
      while ((System.nanoTime() - start < length.toNanos() || samples.size() < SAMPLES)
          && workers.stream().noneMatch(CompletableFuture::isDone)) {
        Thread.sleep(interval);
        round.writeLock().lock();
        try {
          sample(Duration.ofNanos(System.nanoTime() - start));
        } finally {
          round.writeLock().unlock();
        }
      }
      stopped.set(true);
      workers.forEach(CompletableFuture::join);
    }
    return growth();
  }

  /** What one worker does to an image of its own, whose content it knows. */
  private final class Worker {
    private final Random random;
    private final Rbd shared;
    private final String name = Names.unique("soak");
    private final byte[] content = new byte[SIZE];

    Worker(int seed, Rbd shared) {
      this.random = new Random(seed);
      this.shared = shared;
    }

    void work() {
      shared.create(name, SIZE);
      for (long count = 0; !stopped.get(); count++) {
        round.readLock().lock();
        try {
          goRound(count);
        } finally {
          round.readLock().unlock();
        }
        if (count == 0) {
          warm.countDown();
        }
        cycles.incrementAndGet();
      }
      try (Image image = shared.openReadOnly(name)) {
        Bytes.assertEqual(Bytes.of(image), content);
      }
      shared.remove(name);
    }

    /** What is rare is done at once, too, so that it is warm. */
    private void goRound(long count) {
      if (count % 20 == 0) {
        try (Cluster own = ceph.client().connect();
            IoContext io = own.ioContext("rbd")) {
          cycle(new Rbd(io));
        }
      } else {
        cycle(shared);
      }
      if (count % 200 == 0) { // deriving the key takes seconds
        encrypted(shared);
      }
    }

    /** The image is opened, used in every way, and closed. */
    private void cycle(Rbd rbd) {
      boolean waiting = random.nextBoolean();
      Image image = waiting ? rbd.open(name) : rbd.openAsync(name).join();
      try (image;
          ImageWatch watch = image.watch(() -> {})) {
        writeAndRead(image);
        CompletableFuture.runAsync(() -> writeAndRead(image), Thread::startVirtualThread).join();
        writeAndReadAsynchronously(image);
        image.setMetadata("key", "value" + random.nextInt());
        image.metadata();
        takeSnapshot(rbd, image);
        image.info();
        rbd.list();
        assertThat(watch.isClosed()).isFalse();
        if (!waiting) {
          image.closeAsync().join();
        }
      }
    }

    private void writeAndRead(Image image) {
      for (int i = 0; i < 8; i++) {
        byte[] data = new byte[1 + random.nextInt(100_000)];
        random.nextBytes(data);
        int at = random.nextInt(SIZE - data.length);
        image.writeAt(at, data);
        System.arraycopy(data, 0, content, at, data.length);
        assertHolds(image, content);
      }
    }

    private void writeAndReadAsynchronously(Image image) {
      List<CompletableFuture<?>> writes = new ArrayList<>();
      int first = random.nextInt(SIZE / BLOCK - 16);
      for (int block = first; block < first + 16; block++) {
        byte[] data = new byte[BLOCK];
        random.nextBytes(data);
        writes.add(image.async().write((long) block * BLOCK, MemorySegment.ofArray(data)));
        System.arraycopy(data, 0, content, block * BLOCK, BLOCK);
      }
      writes.forEach(CompletableFuture::join);
      List<MemorySegment> blocks = new ArrayList<>();
      List<CompletableFuture<?>> reads = new ArrayList<>();
      for (int block = first; block < first + 16; block++) {
        MemorySegment target = Arena.ofAuto().allocate(BLOCK);
        reads.add(image.async().read((long) block * BLOCK, target));
        blocks.add(target);
      }
      reads.forEach(CompletableFuture::join);
      for (int i = 0; i < blocks.size(); i++) {
        int at = (first + i) * BLOCK;
        Bytes.assertEqual(
            blocks.get(i).toArray(ValueLayout.JAVA_BYTE),
            Arrays.copyOfRange(content, at, at + BLOCK));
      }
    }

    private void takeSnapshot(Rbd rbd, Image image) {
      byte[] before = content.clone();
      if (random.nextBoolean()) {
        AtomicLong told = new AtomicLong();
        try (QuiesceWatch watch =
            image.watchQuiesce(new CountingListener(told), Duration.ofSeconds(30))) {
          image.createSnapshot("s");
          assertThat(watch.isClosed()).isFalse();
        }
        assertThat(told).hasPositiveValue();
      } else {
        image.createSnapshot("s");
      }
      writeAndRead(image);
      image.flush();
      assertThat(image.diff(DiffOptions.since("s"))).isNotEmpty();
      assertThat(image.snapshots()).hasSize(1);
      try (Image at = rbd.open(name, OpenOptions.at("s"))) {
        assertHolds(at, before);
      }
      String clone = name + "-clone";
      rbd.clone(name, "s", rbd, clone, new ImageOptions().cloneFormat(2));
      try (Image child = rbd.open(clone)) {
        child.writeAt(0, new byte[BLOCK]);
        Arrays.fill(before, 0, BLOCK, (byte) 0);
        assertHolds(child, before);
      }
      rbd.remove(clone);
      image.snapshot("s").remove();
    }

    /** A piece at a random place. */
    private void assertHolds(Image image, byte[] expected) {
      int length = 1 + random.nextInt(100_000);
      int at = random.nextInt(SIZE - length);
      Bytes.assertEqual(Bytes.of(image, at, length), Arrays.copyOfRange(expected, at, at + length));
    }

    private void encrypted(Rbd rbd) {
      String secret = name + "-luks";
      rbd.create(secret, 16 << 20);
      byte[] data = new byte[50_000];
      random.nextBytes(data);
      try (EncryptionFormat format =
          EncryptionFormat.luks1(EncryptionAlgorithm.AES256, "passphrase".toCharArray())) {
        try (Image image = rbd.open(secret)) {
          new Encryption(image).format(format);
          image.writeAt(BLOCK, data);
        }
        try (Image image = rbd.open(secret)) {
          new Encryption(image).load(format);
          Bytes.assertEqual(Bytes.of(image, BLOCK, data.length), data);
        }
      }
      rbd.remove(secret);
    }
  }

  private record CountingListener(AtomicLong told) implements QuiesceListener {
    @Override
    public void quiesce() {
      told.incrementAndGet();
    }

    @Override
    public void unquiesce() {}
  }

  private void sample(Duration time) throws IOException {
    Resources now = Resources.now();
    samples.add(now);
    out.printf(
        "%8s %8d %8d %9d %8d %6d %11d%n",
        time.toMinutes() + ":" + "%02d".formatted(time.toSecondsPart()),
        cycles.get(),
        now.memory() >> 10,
        now.heap() >> 10,
        now.threads(),
        now.files(),
        now.direct() >> 10);
  }

  private List<String> growth() {
    List<Resources> warm = samples.subList((int) (samples.size() * WARM_UP), samples.size());
    int third = warm.size() / 3;
    List<Resources> first = warm.subList(0, third);
    List<Resources> last = warm.subList(warm.size() - third, warm.size());
    List<String> grown = new ArrayList<>();
    compare(grown, "RSS KiB", first, last, r -> r.memory() / 1024.0);
    compare(grown, "heap KiB", first, last, r -> r.heap() / 1024.0);
    compare(grown, "threads", first, last, Resources::threads);
    compare(grown, "files", first, last, Resources::files);
    compare(grown, "direct KiB", first, last, r -> r.direct() / 1024.0);
    out.println(grown.isEmpty() ? "flat" : "not flat: " + grown);
    return grown;
  }

  private void compare(
      List<String> grown,
      String what,
      List<Resources> first,
      List<Resources> last,
      ToDoubleFunction<Resources> value) {
    double change = least(last, value) - least(first, value);
    double bound = value.applyAsDouble(BOUND);
    String line = "%s %+.0f (bound %.0f)".formatted(what, change, bound);
    out.println("growth after the warm-up, between the least of each third: " + line);
    if (change > bound) {
      grown.add(line);
    }
  }

  /** What leaks never goes away; what a thread of librbd or the JVM has at one moment does. */
  private static double least(List<Resources> samples, ToDoubleFunction<Resources> value) {
    return samples.stream().mapToDouble(value).min().orElseThrow();
  }
}
