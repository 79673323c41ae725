package io.github.rbd4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class ReportTest {
  private static final Result READ =
      new Result(
          "read",
          "read",
          "reads & more",
          "ops/s",
          1234.4,
          1000,
          "C",
          1.23,
          0.02,
          3,
          true,
          234.5,
          "ratio ≥ 1.0",
          true,
          3,
          new double[] {1.2, 1.23, 1.3});
  private static final Result COST =
      new Result(
          "read-cpu",
          "read",
          "reads & more",
          "µs CPU/op",
          0.0123,
          0.02,
          "C",
          0.5,
          0.02,
          3,
          false,
          -1,
          "ratio ≤ 0.4",
          false,
          1,
          new double[] {0.4, 0.5, 0.6});
  private static final Result NOTHING =
      new Result(
          "read-allocation",
          "read",
          "reads & more",
          "bytes/op",
          0.5,
          0,
          "C",
          null,
          null,
          3,
          false,
          0.5,
          "",
          null,
          null,
          new double[0]);

  private static final Findings FINDINGS =
      new Findings(
          List.of(READ, COST, NOTHING),
          List.of(new Failure("read", "fio", "no such program\nat all")));

  @Test
  void jsonHasAnArrayOfRows() {
    JsonArray rows = JsonParser.parseString(BenchJson.text(FINDINGS)).getAsJsonArray();

    JsonObject row = rows.get(0).getAsJsonObject();
    assertThat(row.keySet())
        .contains(
            "name", "unit", "rbd4j", "peer", "peerName", "ratio", "spread", "pairs", "bar", "met");
    assertThat(row.get("name").getAsString()).isEqualTo("read");
    assertThat(row.get("rbd4j").getAsDouble()).isEqualTo(1234.4);
    assertThat(row.get("pairs").getAsInt()).isEqualTo(3);
    JsonObject failed = rows.get(3).getAsJsonObject();
    assertThat(failed.get("peerName").getAsString()).isEqualTo("fio");
    assertThat(failed.get("failure").getAsString()).startsWith("no such program");
    assertThat(row.get("ratios").getAsJsonArray()).hasSize(3);
    assertThat(rows.get(2).getAsJsonObject().get("ratio").isJsonNull()).isTrue();
  }

  @Test
  void tableSaysWhatIsMissed() {
    List<String> lines = TextTable.of(FINDINGS).lines().toList();

    assertThat(lines).hasSize(6);
    assertThat(lines.get(4)).isEqualTo("read / fio failed: no such program");
    assertThat(lines.get(1)).contains("1,234", "1,000", "1.230", "ratio ≥ 1.0").endsWith("met");
    assertThat(lines.get(2)).contains("0.0123", "0.0200", "0.500").endsWith("missed");
    assertThat(lines.get(3)).contains("-").doesNotContain("met", "missed");
  }

  @Test
  void plotHasADotForEachPair() throws Exception {
    Document svg = parse(new RatioPlot("<a> & b", List.of(READ, NOTHING)).svg());

    assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(3);
    assertThat(svg.getElementsByTagName("text").item(0).getTextContent()).isEqualTo("<a> & b");
    double left = x(svg, 0);
    assertThat(x(svg, 1)).isGreaterThan(left);
    assertThat(x(svg, 2)).isGreaterThan(x(svg, 1)).isLessThan(900);
  }

  private static double x(Document svg, int circle) {
    return Double.parseDouble(
        svg.getElementsByTagName("circle")
            .item(circle)
            .getAttributes()
            .getNamedItem("cx")
            .getNodeValue());
  }

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void pageHasAllNumbersAndItsPlots(@TempDir Path docs) throws Exception {
    new PerformancePage(
            new Environment("On a test."),
            FINDINGS,
            List.of(new JmhResult("readAtNative", 12.34, 0.5, 0.0001)))
        .write(docs);

    String page = Files.readString(docs.resolve("performance.md"));
    assertThat(page)
        .contains("On a test.")
        .contains("| `read` | ops/s | 1,234 | 1,000 | C | 1.230 | 0.020 | ratio ≥ 1.0 | met |")
        .contains("| `read-allocation` | bytes/op | 0.50 | 0 | C | - | - |  |  |")
        .contains("| `read` |  |  |  | fio |  |  |  | failed |")
        .contains("| `readAtNative` | 12.3 | 0.50 | 0 |")
        .containsOnlyOnce("- `read`: reads & more")
        .doesNotContain("${");
    parse(Files.readString(docs.resolve("performance/speed.svg")));
    parse(Files.readString(docs.resolve("performance/cost.svg")));
  }

  @Test
  void whatIsMissedStandsThereWithItsReasonAndItsProfile(@TempDir Path performance)
      throws Exception {
    Files.writeString(performance.resolve("vthreads-1000.txt"), "a profile");
    Result threads = missed("vthreads-1000", "1,000 threads");
    Result unknown = missed("no-such-row", "C");

    Missed missed = new Missed(List.of(READ, threads, unknown));

    assertThat(missed.text(performance))
        .contains("### vthreads-1000\n\n- `vthreads-1000`, 1,000 threads: 1.00 to 2.00 µs CPU/op")
        .contains("ratio 0.500; bar: ratio ≤ 0.4; 1 of 3 pairs meet it")
        .contains("[profile](performance/vthreads-1000.txt)")
        .contains("### no-such-row")
        .doesNotContain("`read`", "performance/no-such-row.txt");
    assertThat(missed.unexplained()).containsExactly("no-such-row");
    assertThat(new Missed(List.of(READ, NOTHING)).text(performance)).isEqualTo("No bar is missed.");
  }

  private static Result missed(String name, String peerName) {
    return new Result(
        name,
        name,
        "",
        "µs CPU/op",
        1,
        2,
        peerName,
        0.5,
        0.02,
        3,
        false,
        -1,
        "ratio ≤ 0.4",
        false,
        1,
        new double[] {0.4, 0.5, 0.6});
  }
}
