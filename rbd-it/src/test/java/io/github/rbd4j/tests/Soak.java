package io.github.rbd4j.tests;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/**
 * Mixed load with opens and closes of images, pools and connections, for as long as one likes. What
 * the process has is sampled, and must not grow once it is warm. {@code bin/soak} runs this.
 */
public final class Soak {
  /** Of the samples, the first part that does not count. */
  private static final double WARM_UP = 0.3;

  /**
   * What may grow from the first third of the warm samples to the last, between the medians. A leak
   * of an open image in each thousand cycles would be more.
   */
  private static final Resources BOUND = new Resources(32 << 20, 8 << 20, 4, 4, 1 << 20);

  private static final int WORKERS = 4;
  private static final long SIZE = 8 << 20;

  private final CephCluster ceph;
  private final Duration length;
  private final Duration interval;
  private final PrintStream out;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicLong cycles = new AtomicLong();
  private final List<Resources> samples = new ArrayList<>();

  Soak(CephCluster ceph, Duration length, PrintStream out) {
    this.ceph = ceph;
    this.length = length;
    this.interval = length.dividedBy(30);
    this.out = out;
  }

  /** Runs on a cluster of its own: {@code Soak SECONDS}. The exit status is 1 if something grew. */
  public static void main(String[] arguments) throws Exception {
    boolean flat;
    try (CephCluster ceph = CephCluster.start()) {
      Duration length = Duration.ofSeconds(Long.parseLong(arguments[0]));
      flat = new Soak(ceph, length, System.out).run().isEmpty();
    }
    System.exit(flat ? 0 : 1);
  }

  /** Runs it; what grew beyond its bound, or nothing. */
  List<String> run() throws IOException, InterruptedException {
    out.println("    time   cycles  RSS KiB  heap KiB  threads  files  direct KiB");
    List<CompletableFuture<Void>> workers = new ArrayList<>();
    long start = System.nanoTime();
    try (Cluster cluster = ceph.client().connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      for (int i = 0; i < WORKERS; i++) {
        String name = Names.unique("soak");
        rbd.create(name, SIZE);
        Random random = new Random(i);
        workers.add(Await.inBackground(() -> work(random, rbd, name)));
      }
      while (System.nanoTime() - start < length.toNanos()
          && workers.stream().noneMatch(CompletableFuture::isDone)) {
        Thread.sleep(interval);
        sample(Duration.ofNanos(System.nanoTime() - start));
      }
      stopped.set(true);
      workers.forEach(CompletableFuture::join);
    }
    return growth();
  }

  private void work(Random random, Rbd rbd, String name) {
    while (!stopped.get()) {
      if (random.nextInt(20) == 0) {
        try (Cluster own = ceph.client().connect();
            IoContext io = own.ioContext("rbd")) {
          cycle(random, new Rbd(io), name);
        }
      } else {
        cycle(random, rbd, name);
      }
      cycles.incrementAndGet();
    }
    rbd.remove(name);
  }

  /** An image is opened, used in every way, and closed. */
  private static void cycle(Random random, Rbd rbd, String name) {
    try (Image image = rbd.open(name);
        ImageWatch watch = image.watch(() -> {})) {
      byte[] heap = new byte[1 + random.nextInt(100_000)];
      for (int i = 0; i < 8; i++) {
        long offset = random.nextLong(SIZE - heap.length);
        image.writeAt(offset, heap);
        image.readAt(offset, heap);
      }
      List<CompletableFuture<?>> futures = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        long offset = random.nextInt(1024) * 4096L;
        futures.add(image.async().write(offset, MemorySegment.ofArray(new byte[4096])));
        futures.add(image.async().read(offset, Arena.ofAuto().allocate(4096)));
      }
      futures.forEach(CompletableFuture::join);
      image.setMetadata("key", "value" + random.nextInt());
      image.metadata();
      image.createSnapshot("s");
      image.writeAt(0, heap);
      image.diff(DiffOptions.since("s"));
      image.snapshots();
      image.snapshot("s").remove();
      image.info();
      rbd.list();
      if (watch.isClosed()) {
        throw new IllegalStateException("the watch is closed");
      }
    }
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
    double change = median(last, value) - median(first, value);
    double bound = value.applyAsDouble(BOUND);
    String line = "%s %+.0f (bound %.0f)".formatted(what, change, bound);
    out.println("growth after the warm-up, between medians: " + line);
    if (change > bound) {
      grown.add(line);
    }
  }

  private static double median(List<Resources> samples, ToDoubleFunction<Resources> value) {
    double[] sorted = samples.stream().mapToDouble(value).sorted().toArray();
    return sorted[sorted.length / 2];
  }
}
