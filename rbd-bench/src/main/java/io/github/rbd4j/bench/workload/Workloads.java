package io.github.rbd4j.bench.workload;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;

/** The workloads of rbd4j by name; what the peers have too is called the same there. */
final class Workloads {
  private final Rbd rbd;
  private final Image image;
  private final String name;

  Workloads(Rbd rbd, Image image, String name) {
    this.rbd = rbd;
    this.image = image;
    this.name = name;
  }

  /** The workload, by its name and its arguments. */
  Workload find(String workload, String... arguments) {
    return switch (workload) {
      case "read" -> Reads.intoNative(image, size(arguments), span(arguments));
      case "read-copy" -> Reads.intoArray(image, size(arguments), span(arguments));
      case "aio-read" -> queue(AsyncImage::read, arguments);
      case "aio-write" -> queue(AsyncImage::write, arguments);
      case "virtual-threads" -> threads(Thread.ofVirtual(), arguments);
      case "platform-threads" -> threads(Thread.ofPlatform(), arguments);
      case "diff" -> this::diff;
      case "open-close" -> this::openAndClose;
      default -> throw new IllegalArgumentException("no such workload: " + workload);
    };
  }

  private static int size(String... arguments) {
    return Integer.parseInt(arguments[0]);
  }

  private long span(String... arguments) {
    long span = Long.parseLong(arguments[1]);
    return span == 0 ? image.size() : span;
  }

  private Workload queue(Pipeline.Operation operation, String... arguments) {
    return new Pipeline(
        image,
        operation,
        size(arguments),
        Integer.parseInt(arguments[1]),
        arguments[2].equals("seq"),
        arguments.length > 3 && arguments[3].equals("direct"));
  }

  private Workload threads(Thread.Builder builder, String... arguments) {
    return new Threads(
        image,
        builder,
        Integer.parseInt(arguments[1]),
        Integer.parseInt(arguments[2]),
        size(arguments));
  }

  private long diff(long end) {
    long[] totals = new long[2];
    do {
      image.diffIterate(
          DiffOptions.sinceBeginning(),
          (_, length, exists) -> {
            totals[0]++;
            totals[1] += exists ? length : 1;
            return true;
          });
    } while (System.nanoTime() - end < 0);
    return totals[0];
  }

  private long openAndClose(long end) {
    long operations = 0;
    do {
      rbd.open(name).close();
      operations++;
    } while (System.nanoTime() - end < 0);
    return operations;
  }
}
