package io.github.rbd4j.bench;

import io.github.rbd4j.bench.Laboratory.Ground;
import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.contestant.LongRunner;
import io.github.rbd4j.bench.contestant.Tidy;
import io.github.rbd4j.bench.contestant.WholeRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * An image, half of whose objects have data, that is exported into a file, and a file that is
 * imported: by rbd4j and by the {@code rbd} program, both on the same disk. What a turn made is
 * removed after it.
 */
final class Transfers {
  private static final String SOURCE = "half-full";
  private static final String IMPORTED = "imported";

  /** Into which direction. */
  enum Direction {
    /** From the image into a file. */
    EXPORT("export-raw"),
    /** From a file into an image. */
    IMPORT("import-raw");

    private final String workload;

    Direction(String workload) {
      this.workload = workload;
    }
  }

  private final Laboratory laboratory;
  private final long bytes;
  private boolean prepared;

  Transfers(Laboratory laboratory, long bytes) {
    this.laboratory = laboratory;
    this.bytes = bytes;
  }

  /** rbd4j in a JVM that runs already; it connects anew for each. */
  Supplier<Contestant> rbd4j(Direction direction) {
    return () ->
        tidy(direction, new LongRunner(laboratory.command(Ground.CLUSTER, java(direction))));
  }

  /** rbd4j in a JVM that is started for it. */
  Supplier<Contestant> rbd4jStartedAnew(Direction direction) {
    return () -> {
      List<String> line = java(direction);
      line.add("once");
      return tidy(direction, new WholeRun(laboratory.command(Ground.CLUSTER, line)));
    };
  }

  /** {@code rbd export} or {@code rbd import}. */
  Supplier<Contestant> program(Direction direction) {
    return () -> {
      List<String> line = new ArrayList<>(List.of("rbd", "--no-progress"));
      switch (direction) {
        case EXPORT -> line.addAll(List.of("export", image(SOURCE), exported().toString()));
        case IMPORT -> line.addAll(List.of("import", source().toString(), image(IMPORTED)));
      }
      return tidy(direction, new WholeRun(laboratory.command(Ground.CLUSTER, line)));
    };
  }

  private List<String> java(Direction direction) {
    return laboratory.rbd4jLine(
        "TransferMain",
        direction == Direction.EXPORT ? SOURCE : IMPORTED,
        direction.workload,
        (direction == Direction.EXPORT ? exported() : source()).toString());
  }

  private Contestant tidy(Direction direction, Contestant contestant) {
    prepare();
    return new Tidy(
        contestant,
        switch (direction) {
          case EXPORT -> this::removeExported;
          case IMPORT -> () -> laboratory.rbd("--no-progress", "rm", image(IMPORTED));
        });
  }

  private void removeExported() {
    try {
      Files.delete(exported());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void prepare() {
    if (!prepared) {
      laboratory.fill(SOURCE, bytes, 2);
      laboratory.rbd("--no-progress", "export", image(SOURCE), source().toString());
      prepared = true;
    }
  }

  private Path source() {
    return laboratory.file("source.raw");
  }

  private Path exported() {
    return laboratory.file("exported.raw");
  }

  private static String image(String name) {
    return Laboratory.POOL + "/" + name;
  }
}
