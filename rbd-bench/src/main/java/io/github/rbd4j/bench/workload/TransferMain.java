package io.github.rbd4j.bench.workload;

import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import java.io.IOException;
import java.nio.file.Path;

/**
 * rbd4j's exports and imports: {@code CONF POOL IMAGE export-raw|import-raw FILE [once]}. It
 * connects anew for each of them, as the {@code rbd} program does.
 */
final class TransferMain {
  private TransferMain() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Throwable {
    if (arguments.length > 5 && arguments[5].equals("once")) {
      transfer(arguments);
    } else {
      Turns.take(
          _ -> {
            transfer(arguments);
            return 1;
          });
    }
  }

  private static void transfer(String... arguments) throws IOException {
    String image = arguments[2];
    Path file = Path.of(arguments[4]);
    try (Cluster cluster =
            Cluster.builder().clientId("admin").confFile(Path.of(arguments[0])).connect();
        IoContext io = cluster.ioContext(arguments[1])) {
      switch (arguments[3]) {
        case "export-raw" -> new ImageExporter(new Rbd(io)).raw(image, null, file);
        case "import-raw" -> new ImageImporter(new Rbd(io)).raw(file, image, new ImageOptions());
        default -> throw new IllegalArgumentException("no such workload: " + arguments[3]);
      }
    }
  }
}
