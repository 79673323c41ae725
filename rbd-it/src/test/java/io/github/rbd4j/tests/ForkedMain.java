package io.github.rbd4j.tests;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.util.concurrent.CountDownLatch;

/** The programs that {@link ForkedJvmIT} runs, each in a JVM of its own: what to do, an image. */
public final class ForkedMain {
  private ForkedMain() {}

  /** Runs one; the cluster is the one that {@code CEPH_CONF} names. */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments[0].equals("versions")) {
      System.out.println("librbd " + Rbd.version() + ", librados " + Cluster.libradosVersion());
      return;
    }
    if (arguments[0].equals("connect while exiting for the first time")) {
      connectWhileExiting();
      return;
    }
    Cluster cluster = Cluster.builder().connect();
    Image image = new Rbd(cluster.ioContext("rbd")).open(arguments[1]);
    image.writeAt(0, new byte[] {1, 2, 3});
    switch (arguments[0]) {
      case "end" -> System.out.println("done");
      case "throw" -> throw new IllegalArgumentException("nobody catches this");
      case "exit" -> {
        startInputAndOutput(image);
        System.out.println("done");
        System.exit(3);
      }
      case "wait" -> {
        startInputAndOutput(image);
        System.out.println("ready");
        new CountDownLatch(1).await();
      }
      case "overflow" -> {
        int[] outcomes = new int[2];
        iterateAtTheEndOfTheStack(image, outcomes);
        System.out.println(outcomes[0] > 0 && outcomes[1] > 0 ? "done" : "no overflow");
      }
      case "connect while exiting" -> connectWhileExiting();
      default -> throw new AssertionError(arguments[0]);
    }
  }

  /** Threads that do not notice that the JVM ends, until they are refused. */
  private static void startInputAndOutput(Image image) throws InterruptedException {
    CountDownLatch started = new CountDownLatch(6);
    for (int i = 0; i < 6; i++) {
      Thread.Builder builder = i < 4 ? Thread.ofPlatform() : Thread.ofVirtual();
      long offset = i * 65536L;
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

  /** Calls what calls back with a little more of the stack each time, until it works. */
  private static void iterateAtTheEndOfTheStack(Image image, int[] outcomes) {
    try {
      if (outcomes[0] + outcomes[1] == 0) {
        iterateAtTheEndOfTheStack(image, outcomes);
      }
    } catch (StackOverflowError e) {
      // The deepest frame: now the attempts begin, on the way back.
    }
    if (outcomes[0] < 20) {
      try {
        image.diffIterate(DiffOptions.sinceBeginning(), (_, _, _) -> true);
        outcomes[0]++;
      } catch (StackOverflowError e) {
        outcomes[1]++;
      }
    }
  }

  private static void connectWhileExiting() {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    Thread.sleep(500); // the hook of rbd4j runs beside this one
                    Cluster.builder().connect();
                    System.out.println("connected");
                  } catch (IllegalStateException | InterruptedException e) {
                    System.out.println("refused: " + e.getMessage());
                  }
                }));
  }
}
