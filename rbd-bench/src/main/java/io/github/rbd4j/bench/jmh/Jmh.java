package io.github.rbd4j.bench.jmh;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.rbd4j.bench.Laboratory;
import io.github.rbd4j.bench.report.JmhResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs JMH with its profiler of the garbage collector on the stub of librbd. */
public final class Jmh {
  private Jmh() {}

  /** Runs all benchmarks; a quick run has one fork of four seconds for each. */
  public static List<JmhResult> run(Laboratory laboratory, boolean quick) throws IOException {
    return quick ? run(laboratory, "1", "2", "2", "1s") : run(laboratory, "2", "3", "5", "1s");
  }

  /** Runs all benchmarks with so many forks, iterations to warm up and to measure, of that time. */
  public static List<JmhResult> run(
      Laboratory laboratory, String forks, String warmUps, String iterations, String time)
      throws IOException {
    Path file = laboratory.file("jmh.json");
    laboratory.runJavaOnStub(
        "org.openjdk.jmh.Main",
        CallBenchmark.class.getName(),
        "-f",
        forks,
        "-wi",
        warmUps,
        "-i",
        iterations,
        "-w",
        time,
        "-r",
        time,
        "-prof",
        "gc",
        "-rf",
        "json",
        "-rff",
        file.toString(),
        "-jvmArgs",
        "--enable-native-access=ALL-UNNAMED");
    List<JmhResult> results = new ArrayList<>();
    for (JsonElement element : JsonParser.parseString(Files.readString(file)).getAsJsonArray()) {
      results.add(result(element.getAsJsonObject()));
    }
    return results;
  }

  private static JmhResult result(JsonObject json) {
    String name = json.get("benchmark").getAsString();
    JsonObject time = json.getAsJsonObject("primaryMetric");
    JsonObject allocation =
        json.getAsJsonObject("secondaryMetrics").getAsJsonObject("gc.alloc.rate.norm");
    return new JmhResult(
        name.substring(name.lastIndexOf('.') + 1),
        time.get("score").getAsDouble(),
        time.get("scoreError").getAsDouble(),
        allocation.get("score").getAsDouble());
  }
}
