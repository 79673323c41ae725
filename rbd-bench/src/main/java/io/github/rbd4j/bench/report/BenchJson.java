package io.github.rbd4j.bench.report;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** The results as an array of JSON objects, whose fields are those of {@link Result}. */
public final class BenchJson {
  private BenchJson() {}

  /** Writes a file, with its folder. */
  public static void write(Path file, List<Result> results) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, text(results));
  }

  static String text(List<Result> results) {
    return new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create()
            .toJson(results)
        + "\n";
  }
}
