package io.github.rbd4j.bench;

import static io.github.rbd4j.bench.Bar.atMost;
import static io.github.rbd4j.bench.Bar.atMostMore;
import static io.github.rbd4j.bench.Bar.none;
import static io.github.rbd4j.bench.Bar.ratioAtLeast;
import static io.github.rbd4j.bench.Bar.ratioAtMost;
import static io.github.rbd4j.bench.Laboratory.Ground.CACHED;
import static io.github.rbd4j.bench.Laboratory.Ground.CLUSTER;
import static io.github.rbd4j.bench.Laboratory.Ground.STUB;

import io.github.rbd4j.bench.contestant.Contestant;
import java.util.List;
import java.util.function.Supplier;

/**
 * The rows of the table. A new one is a method here, and a workload in {@code Workloads} and in the
 * peers that shall have it.
 */
final class Rows {
  private static final int BLOCK = 4096;
  private static final int LARGE = 4 << 20;
  private static final String SIZE = "4096";

  private final Laboratory laboratory;
  private final Transfers transfers;

  Rows(Laboratory laboratory, long transferBytes) {
    this.laboratory = laboratory;
    this.transfers = new Transfers(laboratory, transferBytes);
  }

  List<Row> all() {
    return List.of(
        callNative(),
        callHeap(),
        diff(),
        queue("randread-4k-qd32", "random reads of 4 KiB, 32 in flight", "read", false),
        queue("randread-4k-qd32-direct", "the same, completing on librbd's thread", "read", true),
        queue("randwrite-4k-qd32", "random writes of 4 KiB, 32 in flight", "write", false),
        queue("randwrite-4k-qd32-direct", "the same, completing on librbd's thread", "write", true),
        eventFd(),
        oneByOne(),
        sequential("seqread-4m-qd4", "sequential reads of 4 MiB, 4 in flight", "read", false),
        sequential(
            "seqread-4m-qd4-direct", "the same, completing on librbd's thread", "read", true),
        sequential("seqwrite-4m-qd4", "sequential writes of 4 MiB, 4 in flight", "write", false),
        sequential(
            "seqwrite-4m-qd4-direct", "the same, completing on librbd's thread", "write", true),
        virtualThreads(),
        cachedRead(),
        openClose(),
        transfer(
            "export-raw", "a half-full image of 1 GiB into a file", Transfers.Direction.EXPORT),
        transfer("import-raw", "such a file into an image", Transfers.Direction.IMPORT),
        coldStart(),
        coldStartWithAotCache());
  }

  private Row callNative() {
    return Row.of(
        "call-native",
        "4 KiB readAt into a native segment, on a stub of librbd",
        Match.of(
            laboratory.rbd4j(STUB, "read", SIZE, SIZE),
            "C",
            laboratory.c(STUB, "read", SIZE, SIZE),
            new Measure(Metric.computing(), atMostMore(25)),
            new Measure(Metric.allocation(), atMost(0))));
  }

  private Row callHeap() {
    Supplier<Contestant> rbd4j = laboratory.rbd4j(STUB, "read-copy", SIZE, SIZE);
    return Row.of(
        "call-heap",
        "4 KiB readAt into a byte[], on a stub of librbd; C copies the 4 KiB, too",
        Match.of(
            rbd4j,
            "C",
            laboratory.c(STUB, "read-copy", SIZE, SIZE),
            new Measure(Metric.computing(), atMostMore(60)),
            new Measure(Metric.allocation(), none())),
        Match.of(
            rbd4j,
            "rados-java",
            laboratory.jna(STUB, "read-copy", SIZE, SIZE),
            new Measure(Metric.computing(), ratioAtMost(0.2))));
  }

  private Row diff() {
    return Row.of(
        "diff-100k",
        "100,000 extents of diffIterate through the callback, on a stub of librbd",
        Match.of(
            laboratory.rbd4j(STUB, "diff"),
            "C",
            laboratory.c(STUB, "diff"),
            new Measure(Metric.computing(), atMostMore(60)),
            new Measure(Metric.allocation(), none())));
  }

  /**
   * rbd4j's futures complete on its executor, the default, or directly on the thread of librbd, as
   * the callbacks of the peers do.
   */
  private static String completing(boolean direct) {
    return direct ? "direct" : "executor";
  }

  private Row queue(String name, String what, String verb, boolean direct) {
    String workload = "aio-" + verb;
    Supplier<Contestant> rbd4j =
        laboratory.rbd4j(CLUSTER, workload, SIZE, "32", "rand", completing(direct));
    return Row.of(
        name,
        what,
        Match.of(
            rbd4j,
            "C",
            laboratory.c(CLUSTER, workload, SIZE, "32", "rand"),
            new Measure(Metric.throughput(), ratioAtLeast(0.97)),
            new Measure(Metric.clientCpu(), ratioAtMost(1.10))),
        Match.of(
            rbd4j,
            "Python",
            laboratory.python(CLUSTER, workload, SIZE, "32", "rand"),
            new Measure(Metric.throughput(), ratioAtLeast(1.0)),
            new Measure(Metric.clientCpu(), ratioAtMost(0.8))),
        Match.of(
            rbd4j,
            "fio",
            laboratory.fio("rand" + verb, BLOCK, 32),
            new Measure(Metric.throughput(), ratioAtLeast(1.0))),
        Match.of(
            rbd4j,
            "rbd bench",
            laboratory.rbdBench(verb, "rand", BLOCK, 32),
            new Measure(Metric.throughput(), none())));
  }

  private Row eventFd() {
    return Row.of(
        "completion-eventfd",
        "random reads of 4 KiB, 32 in flight, on nothing but the bindings; completions are"
            + " collected with an event file descriptor",
        Match.of(
            laboratory.bindings("aio-read-eventfd", SIZE, "32"),
            "bindings, an upcall each",
            laboratory.bindings("aio-read-upcall", SIZE, "32"),
            new Measure(Metric.throughput(), none()),
            new Measure(Metric.clientCpu(), none()),
            new Measure(Metric.allocation(), none())));
  }

  private Row oneByOne() {
    Supplier<Contestant> rbd4j = laboratory.rbd4j(CLUSTER, "read", SIZE, "0");
    return Row.of(
        "randread-4k-qd1",
        "random reads of 4 KiB, one after the other",
        Match.of(
            rbd4j,
            "C",
            laboratory.c(CLUSTER, "read", SIZE, "0"),
            new Measure(Metric.throughput(), ratioAtLeast(0.98))),
        Match.of(
            rbd4j,
            "Python",
            laboratory.python(CLUSTER, "read", SIZE, "0"),
            new Measure(Metric.throughput(), none())));
  }

  private Row sequential(String name, String what, String verb, boolean direct) {
    String size = Integer.toString(LARGE);
    return Row.of(
        name,
        what,
        Match.of(
            laboratory.rbd4j(CLUSTER, "aio-" + verb, size, "4", "seq", completing(direct)),
            "C",
            laboratory.c(CLUSTER, "aio-" + verb, size, "4", "seq"),
            new Measure(Metric.bandwidth(LARGE), ratioAtLeast(0.97))));
  }

  private Row virtualThreads() {
    Supplier<Contestant> thousand =
        laboratory.rbd4j(CLUSTER, "virtual-threads", SIZE, "1000", "1000");
    return Row.of(
        "vthreads-1000",
        "blocking reads of 4 KiB on 1,000 virtual threads",
        Match.of(
            thousand,
            "rbd4j async, 1,000 in flight",
            laboratory.rbd4j(CLUSTER, "aio-read", SIZE, "1000", "rand", "executor"),
            new Measure(Metric.throughput(), ratioAtLeast(0.90)),
            new Measure(Metric.clientCpu(), none())),
        Match.of(
            thousand,
            "32 platform threads",
            laboratory.rbd4j(CLUSTER, "platform-threads", SIZE, "32", "32"),
            new Measure(Metric.throughput(), none()),
            new Measure(Metric.clientCpu(), none())),
        Match.of(
            laboratory.rbd4j(CLUSTER, "virtual-threads", SIZE, "1000", "32"),
            "32 platform threads, both 32 in flight",
            laboratory.rbd4j(CLUSTER, "platform-threads", SIZE, "32", "32"),
            new Measure(Metric.throughput(), ratioAtLeast(1.5)),
            new Measure(Metric.clientCpu(), none())));
  }

  private Row cachedRead() {
    return Row.of(
        "cached-read",
        "4 KiB reads that the cache of librbd answers",
        Match.of(
            laboratory.rbd4j(CACHED, "read", SIZE, "1048576"),
            "C",
            laboratory.c(CACHED, "read", SIZE, "1048576"),
            new Measure(Metric.throughput(), ratioAtLeast(0.95)),
            new Measure(Metric.clientCpu(), none())));
  }

  private Row openClose() {
    return Row.of(
        "open-close",
        "opening and closing an image",
        Match.of(
            laboratory.rbd4j(CLUSTER, "open-close"),
            "C",
            laboratory.c(CLUSTER, "open-close"),
            new Measure(Metric.throughput(), ratioAtLeast(0.95))));
  }

  private Row transfer(String name, String what, Transfers.Direction direction) {
    String program = direction == Transfers.Direction.EXPORT ? "rbd export" : "rbd import";
    return Row.of(
        name,
        what,
        Match.of(
            transfers.rbd4j(direction),
            program,
            transfers.program(direction),
            new Measure(Metric.milliseconds(), ratioAtMost(1.0))),
        Match.of(
            transfers.rbd4jStartedAnew(direction),
            program + ", rbd4j with the start of its JVM",
            transfers.program(direction),
            new Measure(Metric.milliseconds(), none())));
  }

  private Row coldStart() {
    return Row.of(
        "cold-start",
        "from the start of the process to its first read of 4 KiB",
        Match.of(
            laboratory.coldRbd4j(),
            "C",
            laboratory.coldC(),
            new Measure(Metric.milliseconds(), none())),
        Match.of(
            laboratory.coldRbd4j(),
            "Python",
            laboratory.coldPython(),
            new Measure(Metric.milliseconds(), none())));
  }

  private Row coldStartWithAotCache() {
    return Row.of(
        "cold-start-aot",
        "the same with an AOT cache, as the guide recommends",
        Match.of(
            laboratory.coldRbd4jWithAotCache(),
            "C",
            laboratory.coldC(),
            new Measure(Metric.milliseconds(), atMostMore(300))));
  }
}
