package io.github.rbd4j.bench.jmh;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What calls cost and allocate, on the stub of librbd. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the method that initializes
public class CallBenchmark {
  private static final int EXTENTS = 100_000;

  private final MemorySegment nativeTarget = Arena.ofAuto().allocate(4096, 4096);
  private final byte[] heapTarget = new byte[4096];
  private Cluster cluster;
  private Image image;
  private AsyncImage direct;
  private AsyncImage executed;

  /** Connects to the stub. */
  @Setup
  public void open() {
    cluster = Cluster.builder().clientId("admin").confFile(Path.of("none")).connect();
    image = new Rbd(cluster.ioContext("rbd")).open("stub");
    direct = image.async(AsyncOptions.defaults().onLibrbdThread(true));
    executed = image.async(AsyncOptions.defaults());
  }

  /** Disconnects. */
  @TearDown
  public void close() {
    cluster.close();
  }

  /** Reads 4 KiB into a native segment. */
  @Benchmark
  public long readAtNative() {
    return image.readAt(0, nativeTarget);
  }

  /** Reads 4 KiB into an array. */
  @Benchmark
  public long readAtHeap() {
    return image.readAt(0, heapTarget);
  }

  /** Writes 4 KiB from a native segment. */
  @Benchmark
  public void writeAtNative() {
    image.writeAt(0, nativeTarget);
  }

  /** Writes 4 KiB from an array. */
  @Benchmark
  public void writeAtHeap() {
    image.writeAt(0, heapTarget);
  }

  /** Reads 4 KiB asynchronously; the future completes on the thread of the stub: this one. */
  @Benchmark
  public long asyncRead() {
    return direct.read(0, nativeTarget).join();
  }

  /** Writes 4 KiB asynchronously, likewise. */
  @Benchmark
  public @Nullable Void asyncWrite() {
    return direct.write(0, nativeTarget).join();
  }

  /** Reads 4 KiB asynchronously; the future completes on the executor, a virtual thread. */
  @Benchmark
  public long asyncReadOnExecutor() {
    return executed.read(0, nativeTarget).join();
  }

  /** Asks for the size. */
  @Benchmark
  public long size() {
    return image.size();
  }

  /** One extent of a diff. */
  @Benchmark
  @OperationsPerInvocation(EXTENTS)
  public long diffExtent() {
    long[] sum = new long[1];
    image.diffIterate(
        DiffOptions.sinceBeginning(),
        (_, length, _) -> {
          sum[0] += length;
          return true;
        });
    return sum[0];
  }
}
