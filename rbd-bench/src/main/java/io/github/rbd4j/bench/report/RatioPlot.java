package io.github.rbd4j.bench.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A plot in SVG: for each result a line with the ratio of every pair as a dot and their median as a
 * bar, on a logarithmic axis. Its colours suit light and dark pages.
 */
final class RatioPlot {
  private static final int LEFT = 330;
  private static final int WIDTH = 900;
  private static final int RIGHT = 70;
  private static final int TOP = 56;
  private static final int STEP = 24;
  private static final double[] MARKS = {
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100
  };

  private final String title;
  private final List<Result> results;
  private final double low;
  private final double high;

  RatioPlot(String title, List<Result> results) {
    this.title = title;
    this.results = results.stream().filter(result -> result.ratio() != null).toList();
    double[] all =
        this.results.stream()
            .flatMapToDouble(result -> Arrays.stream(result.ratios()))
            .filter(ratio -> ratio > 0 && Double.isFinite(ratio))
            .toArray();
    this.low = Math.min(0.85, Arrays.stream(all).min().orElse(1)) * 0.97;
    this.high = Math.max(1.15, Arrays.stream(all).max().orElse(1)) * 1.03;
  }

  String svg() {
    int height = TOP + results.size() * STEP + 30;
    StringBuilder svg = new StringBuilder();
    svg.append(
        format(
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
            <rect width="100%%" height="100%%" fill="#ffffff"/>
            <text x="10" y="22" font-size="15" font-weight="bold" fill="#222222">%s</text>
            """,
            WIDTH, height, escape(title)));
    for (double mark : MARKS) {
      if (mark >= low && mark <= high) {
        svg.append(
            format(
                """
                <line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>
                <text x="%.1f" y="%d" text-anchor="middle" fill="#555555">%s</text>
                """,
                x(mark),
                x(mark),
                TOP - 8,
                height - 24,
                mark == 1 ? "#222222" : "#dddddd",
                x(mark),
                height - 8,
                Numbers.of(mark).replaceAll("\\.?0+$", "")));
      }
    }
    for (int i = 0; i < results.size(); i++) {
      svg.append(line(results.get(i), TOP + i * STEP + STEP / 2));
    }
    return svg.append("</svg>\n").toString();
  }

  private String line(Result result, int y) {
    String colour = Boolean.FALSE.equals(result.met()) ? "#c0392b" : "#1f6fb2";
    StringBuilder svg = new StringBuilder();
    svg.append(
        format(
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#222222\">%s</text>%n",
            LEFT - 12, y + 4, escape(result.name() + " / " + result.peerName())));
    for (double ratio : result.ratios()) {
      if (ratio > 0 && Double.isFinite(ratio)) {
        svg.append(
            format(
                "<circle cx=\"%.1f\" cy=\"%d\" r=\"3\" fill=\"%s\" fill-opacity=\"0.35\"/>%n",
                x(ratio), y, colour));
      }
    }
    double median = result.ratio() == null ? 1 : result.ratio();
    svg.append(
        format(
            """
            <rect x="%.1f" y="%d" width="4" height="16" fill="%s"/>
            <text x="%d" y="%d" text-anchor="end" fill="#222222">%s</text>
            """,
            x(median) - 2, y - 8, colour, WIDTH - 10, y + 4, Numbers.ratio(median)));
    return svg.toString();
  }

  private double x(double ratio) {
    double part = (Math.log(ratio) - Math.log(low)) / (Math.log(high) - Math.log(low));
    return LEFT + part * (WIDTH - LEFT - RIGHT);
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
