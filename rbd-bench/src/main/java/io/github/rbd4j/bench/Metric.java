package io.github.rbd4j.bench;

import io.github.rbd4j.bench.contestant.Sample;
import java.util.function.ToDoubleFunction;

/**
 * What is compared of two turns.
 *
 * @param suffix what the name of the row gets behind it
 * @param unit the unit of the values
 * @param higherIsBetter whether a ratio above 1 is good for rbd4j
 * @param of the value of a turn
 */
public record Metric(
    String suffix, String unit, boolean higherIsBetter, ToDoubleFunction<Sample> of) {

  /** Operations in a second. */
  public static Metric throughput() {
    return new Metric("", "ops/s", true, sample -> sample.operations() / sample.seconds());
  }

  /** Data in a second, in operations of that size. */
  public static Metric bandwidth(long operationBytes) {
    double mebibytes = operationBytes / (double) (1 << 20);
    return new Metric(
        "", "MiB/s", true, sample -> sample.operations() * mebibytes / sample.seconds());
  }

  /** Processor time of the client for an operation, beside a metric of speed. */
  public static Metric clientCpu() {
    return new Metric(
        "-cpu", "µs CPU/op", false, sample -> sample.cpuSeconds() * 1e6 / sample.operations());
  }

  /**
   * The time of an operation that is nothing but computing, as processor time: it does not count
   * when other programs of the machine were running.
   */
  public static Metric computing() {
    return new Metric(
        "", "ns/op", false, sample -> sample.cpuSeconds() * 1e9 / sample.operations());
  }

  /** The time of an operation. */
  public static Metric milliseconds() {
    return new Metric("", "ms", false, sample -> sample.seconds() * 1e3 / sample.operations());
  }

  /** What an operation allocates on the heap; less than a hundredth of a byte is nothing. */
  public static Metric allocation() {
    return new Metric(
        "-allocation",
        "bytes/op",
        false,
        sample -> Math.round(sample.allocatedBytes() / sample.operations() * 100) / 100.0);
  }
}
