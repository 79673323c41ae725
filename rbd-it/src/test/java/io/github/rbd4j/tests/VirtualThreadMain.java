package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.rados.Cluster;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What {@link VirtualThreadIT} runs in a JVM with few carriers: what to do, an image, a file. */
public final class VirtualThreadMain {
  private static final int THREADS = 2000;
  private static final int BLOCK = 4096;
  private static final int MANY = 500;
  private static final String PINNED = "jdk.VirtualThreadPinned";
  private static final Duration LIMIT = Duration.ofSeconds(50);

  /** What size the image of the test has. */
  static final long SIZE = 2L * THREADS * BLOCK;

  private VirtualThreadMain() {}

  /** Runs one; the cluster is the one that {@code CEPH_CONF} names. */
  public static void main(String[] arguments) throws Exception {
    try (Cluster cluster =
            Cluster.builder()
                .option("rbd_cache", "false")
                .option("rbd_discard_granularity_bytes", Integer.toString(BLOCK))
                .connect();
        var io = cluster.ioContext("rbd");
        Image image = new Rbd(io).open(arguments[1])) {
      if (arguments[0].equals("snapshot")) {
        takeSnapshot(image);
      } else {
        inputAndOutput(image, Path.of(arguments[2]));
        System.out.println(pins(VirtualThreadMain::pin) > 0 ? "control pinned" : "no control");
      }
    }
  }

  private static void inputAndOutput(Image image, Path go) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      pins(() -> oneOfEachKind(image, threads)); // what is initialized once may pin
      System.out.println("ready");
      while (!Files.exists(go)) {
        LockSupport.parkNanos(1_000_000);
      }
      long pins = pins(() -> allAtOnce(image, threads));
      System.out.println("pinned " + pins + " times");
    }
  }

  private static void oneOfEachKind(Image image, ExecutorService threads) throws Exception {
    for (int kind = 0; kind < 5; kind++) {
      int block = kind;
      threads.submit(() -> work(image, block)).get();
    }
  }

  private static void allAtOnce(Image image, ExecutorService threads) throws Exception {
    List<Future<?>> tasks = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      int block = i;
      tasks.add(threads.submit(() -> work(image, block)));
    }
    await(() -> Upcalls.registered() >= MANY);
    threads.submit(() -> {}).get(1, TimeUnit.SECONDS);
    if (tasks.stream().anyMatch(Future::isDone)) {
      throw new AssertionError("something was done without an OSD");
    }
    System.out.println("under way");
    for (Future<?> task : tasks) {
      task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  /** One operation of each kind in turn, with what it reads or leaves behind checked. */
  private static void work(Image image, int block) {
    long offset = 2L * block * BLOCK;
    MemorySegment memory = Arena.ofAuto().allocate(BLOCK);
    switch (block % 5) {
      case 0 -> image.discard(offset, BLOCK);
      case 1 -> image.writeZeroes(offset, BLOCK);
      case 2 -> image.writeAt(offset, memory);
      case 3 -> {
        MemorySegment sector = memory.asSlice(0, 512);
        if (image.compareAndWrite(offset, sector, sector).isPresent()) {
          throw new AssertionError("the image is not empty at " + offset);
        }
      }
      default -> {
        memory.fill((byte) 1);
        if (image.readAt(offset, memory) != BLOCK
            || !Arrays.equals(memory.toArray(ValueLayout.JAVA_BYTE), new byte[BLOCK])) {
          throw new AssertionError("the image is not empty at " + offset);
        }
      }
    }
  }

  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("only " + Upcalls.registered() + " operations are in flight");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** How often a virtual thread could not be parked. */
  private static long pins(Work work) throws Exception {
    Path file = Files.createTempFile("rbd4j-pinned", ".jfr");
    try (Recording recording = new Recording()) {
      recording.enable(PINNED).withThreshold(Duration.ZERO);
      FlightRecorder.getFlightRecorder().getEventTypes().stream() // writing them takes locks
          .map(EventType::getName)
          .filter(name -> name.startsWith("io.github.rbd4j."))
          .forEach(recording::disable);
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
      List<RecordedEvent> pinned =
          RecordingFile.readAllEvents(file).stream()
              .filter(event -> event.getEventType().getName().equals(PINNED))
              .toList();
      pinned.stream().limit(1).forEach(System.out::println);
      return pinned.size();
    } finally {
      Files.delete(file);
    }
  }

  /** Parks where the JVM itself has a frame on the stack. */
  private static void pin() throws InterruptedException {
    Thread.startVirtualThread(Pinned::touch).join();
  }

  private static final class Pinned {
    static {
      LockSupport.parkNanos(20_000_000);
    }

    private Pinned() {}

    static void touch() {}
  }

  private static void takeSnapshot(Image image) throws Exception {
    QuiesceListener listener =
        new QuiesceListener() {
          @Override
          public void quiesce() {
            System.out.println("quiesced");
          }

          @Override
          public void unquiesce() {}
        };
    try (QuiesceWatch _ = image.watchQuiesce(listener, Duration.ofSeconds(20))) {
      CompletableFuture<Void> taken = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try {
              image.createSnapshot("s");
              taken.complete(null);
            } catch (RuntimeException e) {
              taken.completeExceptionally(e);
            }
          });
      taken.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      System.out.println("taken");
    }
  }
}
