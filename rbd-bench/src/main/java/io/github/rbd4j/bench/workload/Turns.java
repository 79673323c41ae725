package io.github.rbd4j.bench.workload;

import com.google.gson.Gson;
import com.sun.management.ThreadMXBean;
import io.github.rbd4j.bench.contestant.Sample;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

/** The talk of a program that works when it is told to; see {@code LongRunner}. */
final class Turns {
  private static final int CLOCK_PROCESS_CPUTIME_ID = 2;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final MethodHandle clock;
  private final MemorySegment time = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, 2);

  @SuppressWarnings("restricted")
  private Turns() {
    Linker linker = Linker.nativeLinker();
    clock =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("clock_gettime"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
  }

  /** Takes turns until the input ends. */
  static void take(Workload workload) throws Throwable {
    Turns turns = new Turns();
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (!line.startsWith("go ")) {
        throw new IOException("not understood: " + line);
      }
      System.out.println(
          new Gson().toJson(turns.take(workload, Long.parseLong(line.substring(3)))));
    }
  }

  private Sample take(Workload workload, long milliseconds) throws Throwable {
    double cpu = cpuSeconds();
    long allocated = threads.getTotalThreadAllocatedBytes();
    long start = System.nanoTime();
    long operations = workload.runUntil(start + milliseconds * 1_000_000);
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new Sample(
        operations,
        seconds,
        cpuSeconds() - cpu,
        threads.getTotalThreadAllocatedBytes() - allocated);
  }

  /** The management bean would count in steps of ten milliseconds. */
  private double cpuSeconds() throws Throwable {
    int result = (int) clock.invokeExact(CLOCK_PROCESS_CPUTIME_ID, time);
    if (result != 0) {
      throw new IllegalStateException("clock_gettime: " + result);
    }
    return time.getAtIndex(ValueLayout.JAVA_LONG, 0)
        + time.getAtIndex(ValueLayout.JAVA_LONG, 1) * 1e-9;
  }
}
