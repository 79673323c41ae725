package io.github.rbd4j.bench.report;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The findings as an array of JSON objects, whose fields are those of {@link Result} or, for what
 * could not be measured, of {@link Failure}.
 */
public final class BenchJson {
  private BenchJson() {}

  /** Writes a file, with its folder. */
  public static void write(Path file, Findings findings) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, text(findings));
  }

  static String text(Findings findings) {
    List<Object> rows = new ArrayList<>(findings.results());
    rows.addAll(findings.failures());
    return new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create()
            .toJson(rows)
        + "\n";
  }
}
