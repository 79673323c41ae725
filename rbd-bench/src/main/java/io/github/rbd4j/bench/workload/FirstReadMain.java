package io.github.rbd4j.bench.workload;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.file.Path;

/** Connects, opens, reads once and says so: {@code CONF POOL IMAGE}. */
final class FirstReadMain {
  private FirstReadMain() {}

  /** Runs it. */
  public static void main(String[] arguments) {
    try (Cluster cluster =
            Cluster.builder().clientId("admin").confFile(Path.of(arguments[0])).connect();
        IoContext io = cluster.ioContext(arguments[1]);
        Image image = new Rbd(io).open(arguments[2])) {
      Reads.require(image.readAt(0, new byte[4096]), 4096);
      System.out.println("done");
    }
  }
}
