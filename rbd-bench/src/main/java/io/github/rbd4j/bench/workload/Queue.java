package io.github.rbd4j.bench.workload;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.Image;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/** So many asynchronous calls in flight, each with its own buffer; one thread submits them. */
final class Queue implements Workload {
  /** What is done asynchronously. */
  interface Operation {
    CompletableFuture<?> start(AsyncImage image, long offset, MemorySegment buffer);
  }

  private final AsyncImage image;
  private final Operation operation;
  private final Offsets offsets;
  private final int size;
  private final int depth;
  private final BlockingQueue<MemorySegment> free;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Queue(Image image, Operation operation, int size, int depth, boolean sequential, boolean direct) {
    this.image = image.async(AsyncOptions.defaults().queueDepth(depth).onLibrbdThread(direct));
    this.operation = operation;
    this.offsets = new Offsets(image.size() / size, size, sequential);
    this.size = size;
    this.depth = depth;
    this.free = new ArrayBlockingQueue<>(depth);
    for (int i = 0; i < depth; i++) {
      free.add(Arena.ofAuto().allocate(size, 4096).fill((byte) (i + 1)));
    }
  }

  @Override
  public long runUntil(long end) throws InterruptedException {
    long operations = 0;
    do {
      MemorySegment buffer = free.take();
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
                  });
      operations++;
    } while (System.nanoTime() - end < 0);
    MemorySegment[] all = new MemorySegment[depth];
    for (int i = 0; i < depth; i++) {
      all[i] = free.take();
    }
    for (MemorySegment buffer : all) {
      free.add(buffer);
    }
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
    return operations;
  }
}
