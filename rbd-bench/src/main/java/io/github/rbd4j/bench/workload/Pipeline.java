package io.github.rbd4j.bench.workload;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.Image;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/** So many asynchronous calls in flight, each with its own buffer; one thread submits them. */
final class Pipeline implements Workload {
  /** What is done asynchronously. */
  interface Operation {
    CompletableFuture<?> start(AsyncImage image, long offset, MemorySegment buffer);
  }

  private final AsyncImage image;
  private final Operation operation;
  private final Offsets offsets;
  private final int size;
  private final int depth;
  private final Queue<MemorySegment> free = new ConcurrentLinkedQueue<>();
  private final Semaphore available;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Pipeline(
      Image image, Operation operation, int size, int depth, boolean sequential, boolean direct) {
    this.image = image.async(AsyncOptions.defaults().queueDepth(depth).onLibrbdThread(direct));
    this.operation = operation;
    this.offsets = new Offsets(image.size() / size, size, sequential);
    this.size = size;
    this.depth = depth;
    this.available = new Semaphore(depth);
    for (int i = 0; i < depth; i++) {
      free.add(Arena.ofAuto().allocate(size, 4096).fill((byte) (i + 1)));
    }
  }

  @Override
  public long runUntil(long end) throws InterruptedException {
    long operations = 0;
    do {
      available.acquire();
      MemorySegment buffer = free.remove();
      var _ =
          operation
              .start(image, offsets.next(), buffer)
              .whenComplete(
                  (count, thrown) -> {
                    if (thrown != null) {
                      failure.set(thrown);
                    } else if (count instanceof Long read && read != size) {
                      failure.set(new IllegalStateException("read " + read + " bytes"));
                    }
                    free.add(buffer);
                    available.release();
                  });
      operations++;
    } while (System.nanoTime() - end < 0);
    available.acquire(depth);
    available.release(depth);
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
    return operations;
  }
}
