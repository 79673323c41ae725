package io.github.rbd4j.bench.workload;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.file.Path;
import java.util.Arrays;

/** rbd4j as a contestant: {@code CONF POOL IMAGE WORKLOAD [ARGUMENT...]}. */
final class Rbd4jMain {
  private Rbd4jMain() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Throwable {
    try (Cluster cluster =
            Cluster.builder().clientId("admin").confFile(Path.of(arguments[0])).connect();
        IoContext io = cluster.ioContext(arguments[1]);
        Image image = new Rbd(io).open(arguments[2])) {
      Turns.take(
          new Workloads(new Rbd(io), image, arguments[2])
              .find(arguments[3], Arrays.copyOfRange(arguments, 4, arguments.length)));
    }
  }
}
