package io.github.rbd4j.tests;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/**
 * The program that {@link ExitIT} ends: how it ends by itself, an image, and a file that appears
 * when it shall.
 */
public final class ExitMain {
  private ExitMain() {}

  /** Uses an image in every way, waits for the file, and ends. */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments[0].equals("connecting")) {
      connectAndExit(arguments[1]);
      return;
    }
    Cluster cluster =
        Cluster.builder().osdTimeout(Duration.ZERO).monTimeout(Duration.ZERO).connect();
    Image image = new Rbd(cluster.ioContext("rbd")).open(arguments[1]);
    image.watch(() -> {});
    image.watchQuiesce(PublicApi.quiesceListener(() -> {}), Duration.ofSeconds(5));
    keepBusy(image);
    System.out.println("ready");
    Path go = Path.of(arguments[2]);
    Await.until("the file is there", () -> Files.exists(go));
    AsyncImage async = image.async(AsyncOptions.defaults().whenFull(AsyncOptions.WhenFull.QUEUE));
    for (int i = 0; i < 256; i++) {
      var _ = async.read(0, Arena.ofAuto().allocate(4096));
      var _ = async.write(i * 4096L, MemorySegment.ofArray(new byte[4096]));
    }
    switch (arguments[0]) {
      case "end" -> {}
      case "throw" -> throw new IllegalArgumentException("nobody catches this");
      case "exit" -> System.exit(3);
      case "wait" -> {
        System.out.println("waiting");
        new CountDownLatch(1).await();
      }
      default -> throw new AssertionError(arguments[0]);
    }
  }

  /** Threads that read, write and take snapshots until they are refused. */
  private static void keepBusy(Image image) throws InterruptedException {
    CountDownLatch started = new CountDownLatch(4);
    for (int i = 0; i < 4; i++) {
      long offset = i * 65536L;
      Thread.Builder builder = i < 2 ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
      builder.start(
          () -> {
            try {
              while (true) {
                image.writeAt(offset, new byte[4096]);
                image.readAt(offset, new byte[65536]);
                image.snapshots();
                started.countDown();
              }
            } catch (IllegalStateException e) {
              // closed under this thread, as it should be
            }
          });
    }
    started.await();
  }

  private static void connectAndExit(String monHost) throws InterruptedException {
    Thread connecting =
        Thread.ofPlatform()
            .daemon()
            .start(
                () ->
                    Cluster.builder()
                        .noConfFile()
                        .monHost(monHost)
                        .key("AQA7zKZnAAAAABAA1Ew6uL0d2Zp3rR2Z0a1C2A==".toCharArray())
                        .connectTimeout(Duration.ofMinutes(5))
                        .connect());
    Await.until(
        "it is inside the native call",
        () ->
            Arrays.stream(connecting.getStackTrace())
                .anyMatch(frame -> frame.getMethodName().equals("rados_connect")));
    System.out.println("connecting");
    System.exit(4);
  }
}
