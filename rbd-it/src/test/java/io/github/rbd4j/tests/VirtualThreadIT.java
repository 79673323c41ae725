package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephTest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;

/** Blocking calls on virtual threads park them and leave their carriers free. */
@CephTest
class VirtualThreadIT {
  private static final int THREADS = 2000;
  private static final int BLOCK = 4096;

  private final Rbd rbd;

  VirtualThreadIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @Test
  void thousandsOfThreadsDoBlockingIoAndPinNoCarrier() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, (long) THREADS * BLOCK);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Path file = Files.createTempFile("rbd4j-pinned", ".jfr");
    try (Recording recording = new Recording();
        Image image = rbd.open(name);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      oneRound(image, 0); // what is initialized once may pin
      recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO);
      recording.start();
      List<Future<?>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int block = i;
        tasks.add(
            threads.submit(
                () -> {
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  oneRound(image, block);
                  inside.decrementAndGet();
                }));
      }
      for (Future<?> task : tasks) {
        task.get(60, TimeUnit.SECONDS);
      }
      recording.stop();
      recording.dump(file);
    }
    rbd.remove(name);
    List<RecordedEvent> pinned =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getStackTrace() != null)
            .filter(
                event ->
                    event.getStackTrace().getFrames().stream()
                        .anyMatch(
                            frame ->
                                frame
                                    .getMethod()
                                    .getType()
                                    .getName()
                                    .startsWith("io.github.rbd4j")))
            .toList();
    Files.delete(file);
    assertThat(pinned).isEmpty();
    assertThat(most.get()).isGreaterThan(100);
  }

  private static void oneRound(Image image, int block) {
    byte[] data = new byte[BLOCK];
    Arrays.fill(data, (byte) block);
    byte[] back = new byte[BLOCK];
    image.writeAt((long) block * BLOCK, data);
    image.readAt((long) block * BLOCK, back);
    assertThat(back).isEqualTo(data);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(BLOCK);
      assertThat(image.readAt((long) block * BLOCK, target)).isEqualTo(BLOCK);
      assertThat(target.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
    }
    image.flush();
  }

  @Test
  void theEndOfTheImageIsSeenAsByOtherThreads() throws Exception {
    String name = Names.unique("virtual");
    rbd.create(name, BLOCK);
    try (Image image = rbd.open(name);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      threads
          .submit(
              () -> {
                assertThat(image.readAt(BLOCK, new byte[1])).isEqualTo(-1);
                assertThat(image.readAt(BLOCK - 10, new byte[100])).isEqualTo(10);
                Thread.currentThread().interrupt();
                assertThat(image.readAt(0, new byte[100])).isEqualTo(100);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
              })
          .get(30, TimeUnit.SECONDS);
    }
    rbd.remove(name);
  }
}
