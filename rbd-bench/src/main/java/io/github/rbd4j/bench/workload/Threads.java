package io.github.rbd4j.bench.workload;

import io.github.rbd4j.Image;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Blocking reads on many threads; at most so many at once. */
final class Threads implements Workload {
  private final Image image;
  private final Thread.Builder builder;
  private final int size;
  private final Semaphore permits;
  private final List<MemorySegment> targets = new ArrayList<>();

  Threads(Image image, Thread.Builder builder, int threads, int atOnce, int size) {
    this.image = image;
    this.builder = builder;
    this.size = size;
    this.permits = new Semaphore(atOnce);
    for (int i = 0; i < threads; i++) {
      targets.add(Arena.ofAuto().allocate(size, 4096));
    }
  }

  @Override
  public long runUntil(long end) throws InterruptedException {
    AtomicLong operations = new AtomicLong();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      MemorySegment target = targets.get(i);
      long seed = i + 1L;
      threads.add(
          builder.start(
              () -> {
                try {
                  operations.addAndGet(read(target, seed, end));
                } catch (Throwable thrown) {
                  failure.set(thrown);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
    return operations.get();
  }

  private long read(MemorySegment target, long seed, long end) throws InterruptedException {
    Offsets offsets = new Offsets(image.size() / size, size, false, seed);
    long operations = 0;
    do {
      permits.acquire();
      try {
        Reads.require(image.readAt(offsets.next(), target), size);
      } finally {
        permits.release();
      }
      operations++;
    } while (System.nanoTime() - end < 0);
    return operations;
  }
}
