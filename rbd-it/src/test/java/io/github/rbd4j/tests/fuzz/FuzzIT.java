package io.github.rbd4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.tests.Tags;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Random sequences of calls, for {@code -Drbd4j.fuzz.seconds=} (60) seconds. They are the same ones
 * in each run, so that a change that is not to blame does not fail; {@code -Drbd4j.fuzz.start=}
 * with another number than 1 gives others, and a longer run gets further. A failure names its seed,
 * which {@code -Drbd4j.fuzz.seed=} repeats, and the shortest sequence that was found to fail. That
 * one is a line for {@code traces.txt} once the reason is fixed: unlike the seed, it stays the same
 * when kinds of steps are added. Who changes what a kind draws makes a new kind of it.
 */
@Tag(Tags.LOCAL_DAEMONS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FuzzIT {
  private static final Logger LOG = LoggerFactory.getLogger(FuzzIT.class);
  private static final int STEPS = 150;
  private static final int VERIFY_EVERY = 25;

  /** After which a call hangs: far above all time-outs, which a local cluster never needs. */
  private static final Duration HANGS = Duration.ofMinutes(3);

  private static final Duration SHRINKING = Duration.ofMinutes(1);

  /**
   * One of its own, with a real disk: where many snapshots come and go, the iterator of an OSD in
   * memory (16) can be overtaken by a change, which ends that OSD.
   */
  private final CephCluster ceph = CephCluster.start(CephCluster.Layout.onDisk());

  private final Cluster cluster = connect(ceph);
  private final Cluster other = connect(ceph);
  private long worlds = System.currentTimeMillis();

  private final CephCluster strange = CephCluster.start();
  private final Cluster strangeCluster = connect(strange);
  private final Rbd stranger = new Rbd(strangeCluster.ioContext("rbd"));
  private final Cluster closed;

  FuzzIT() {
    closed = connect(ceph);
    closed.close();
  }

  /** What is discarded in units of 4 KiB is gone, so that the model knows what is left. */
  private static Cluster connect(CephCluster ceph) {
    return ceph.client().option("rbd_discard_granularity_bytes", "4096").connect();
  }

  @AfterAll
  void disconnect() {
    cluster.close();
    other.close();
    ceph.close();
    strangeCluster.close();
    strange.close();
  }

  /** How a sequence failed. */
  private record Failure(Throwable thrown, List<String> trace, List<Step.Drawn> steps) {
    AssertionError of(String what) {
      return new AssertionError(
          what
              + " fails; the shortest sequence found:\n"
              + String.join("\n", trace)
              + "\n"
              + steps.stream().map(Step.Drawn::toString).collect(Collectors.joining(" ")),
          thrown);
    }
  }

  static List<String> traces() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(FuzzIT.class.getResourceAsStream("traces.txt")),
                StandardCharsets.UTF_8))) {
      return lines.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList();
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("traces")
  void whatFailedOnce(String trace) {
    Failure failure = attempt(Arrays.stream(trace.split(" ", -1)).map(Step.Drawn::parse).toList());
    if (failure != null) {
      throw failure.of(trace);
    }
  }

  @Test
  void randomCalls() {
    Long fixed = Long.getLong("rbd4j.fuzz.seed");
    if (fixed != null) {
      run(fixed);
      return;
    }
    long end =
        System.nanoTime() + Duration.ofSeconds(Long.getLong("rbd4j.fuzz.seconds", 60)).toNanos();
    Random seeds = new Random(Long.getLong("rbd4j.fuzz.start", 1));
    int sequences = 0;
    while (System.nanoTime() < end) {
      run(seeds.nextLong());
      sequences++;
    }
    LOG.info("{} sequences of {} calls", sequences, STEPS);
  }

  private void run(long seed) {
    LOG.info("seed {}", seed); // should the JVM crash, this is all that is left
    Random random = new Random(seed);
    List<Step.Drawn> steps = Stream.generate(() -> Step.Drawn.of(random)).limit(STEPS).toList();
    Failure failure = attempt(steps);
    if (failure != null) {
      throw shrink(failure).of("-Drbd4j.fuzz.seed=" + seed);
    }
  }

  private Failure attempt(List<Step.Drawn> steps) {
    String namespace = "fuzz-" + worlds++;
    return assertTimeoutPreemptively(HANGS, () -> attempt(steps, namespace), steps::toString);
  }

  private Failure attempt(List<Step.Drawn> steps, String namespace) {
    World world = new World(cluster, other, stranger, closed, namespace);
    Failure failure = take(steps, world);
    try {
      world.close();
    } catch (RuntimeException | AssertionError e) {
      if (failure == null) {
        throw e;
      }
      failure.thrown().addSuppressed(e); // what failed leaves things that cannot be removed
    }
    return failure;
  }

  private static Failure take(List<Step.Drawn> steps, World world) {
    List<String> trace = new ArrayList<>();
    int done = 0;
    try {
      for (Step.Drawn step : steps) {
        done++;
        world.step(step);
        LOG.debug("{}", world.doing());
        trace.add(world.doing());
        if (done % VERIFY_EVERY == 0 || done == steps.size()) {
          world.verify();
        }
      }
      return null;
    } catch (Throwable e) { // told by the caller
      trace.add(world.doing() + " -> " + e);
      return new Failure(e, trace, steps.subList(0, done));
    }
  }

  /** Leaves out parts, ever smaller ones, as long as it still fails. */
  private Failure shrink(Failure failure) {
    long end = System.nanoTime() + SHRINKING.toNanos();
    Failure found = failure;
    for (int part = Math.max(1, found.steps().size() / 2); ; part = Math.max(1, part / 2)) {
      boolean shorter = false;
      for (int at = 0; at < found.steps().size() && System.nanoTime() < end; ) {
        List<Step.Drawn> fewer = new ArrayList<>(found.steps());
        fewer.subList(at, Math.min(at + part, fewer.size())).clear();
        Failure again = fewer.isEmpty() ? null : attempt(fewer);
        if (again == null) {
          at += part;
        } else {
          found = again;
          shorter = true;
        }
      }
      if (System.nanoTime() >= end || (part == 1 && !shorter)) {
        return found;
      }
    }
  }
}
