package io.github.rbd4j.tests;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process has.
 *
 * @param memory the resident set in bytes; the Java heap is part of it
 * @param heap what is used of the Java heap after a collection, in bytes
 * @param threads the threads, also those of the native libraries
 * @param files the open files
 * @param direct the direct buffers, in bytes
 */
record Resources(long memory, long heap, long threads, long files, long direct) {
  static Resources now() throws IOException {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return new Resources(status("VmRSS") << 10, heap, status("Threads"), files.count(), direct);
    }
  }

  private static long status(String key) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/self/status"));
    String line = lines.stream().filter(l -> l.startsWith(key + ":")).findFirst().orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", ""));
  }
}
