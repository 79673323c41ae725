package io.github.rbd4j.bench.workload;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.bindings.rbd_callback_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Random reads on nothing but the bindings, so many in flight; one thread submits them. Whoever
 * learns that a read is done looks at its result and gives its number back.
 */
final class BareReads implements Workload {
  private final MemorySegment image;
  private final int size;
  private final MemorySegment completionStub;
  private final Offsets offsets;
  private final MemorySegment[] targets;
  private final BlockingQueue<Integer> free;
  private final MemorySegment out = Arena.ofAuto().allocate(ValueLayout.ADDRESS);
  private volatile long failure;

  private BareReads(MemorySegment image, int size, int depth, boolean upcalls) {
    this.image = image;
    this.size = size;
    this.completionStub =
        upcalls
            ? rbd_callback_t.allocate(
                (completion, number) -> completed(completion, number.address()), Arena.global())
            : MemorySegment.NULL;
    MemorySegment bytes = Arena.ofAuto().allocate(Long.BYTES);
    BareMain.check(librbd_h.rbd_get_size(image, bytes));
    this.offsets = new Offsets(bytes.get(ValueLayout.JAVA_LONG, 0) / size, size, false);
    this.targets = new MemorySegment[depth];
    this.free = new ArrayBlockingQueue<>(depth);
    for (int i = 0; i < depth; i++) {
      targets[i] = Arena.ofAuto().allocate(size, 4096);
      free.add(i);
    }
  }

  /** librbd calls for each completion, on a thread of its own. */
  static Workload withUpcalls(MemorySegment image, int size, int depth) {
    return new BareReads(image, size, depth, true);
  }

  /** librbd counts completions in an event file descriptor; a thread of ours collects them. */
  static Workload withEventFd(MemorySegment image, int size, int depth) throws Throwable {
    BareReads reads = new BareReads(image, size, depth, false);
    EventFd events = new EventFd();
    BareMain.check(
        librbd_h.rbd_set_image_notification(
            image, events.number(), librbd_constants.EVENT_TYPE_EVENTFD()));
    Thread.ofPlatform().daemon().name("collector").start(() -> reads.collect(events));
    return reads;
  }

  private void collect(EventFd events) {
    MemorySegment done = Arena.ofAuto().allocate(ValueLayout.ADDRESS, targets.length);
    while (true) {
      events.await();
      int count;
      do {
        count = librbd_h.rbd_poll_io_events(image, done, targets.length);
        for (int i = 0; i < count; i++) {
          MemorySegment completion = done.getAtIndex(ValueLayout.ADDRESS, i);
          completed(completion, librbd_h.rbd_aio_get_arg(completion).address());
        }
      } while (count == targets.length);
    }
  }

  private void completed(MemorySegment completion, long number) {
    long result = librbd_h.rbd_aio_get_return_value(completion);
    if (result != size) {
      failure = result;
    }
    librbd_h.rbd_aio_release(completion);
    free.add((int) number);
  }

  @Override
  public long runUntil(long end) throws InterruptedException {
    long operations = 0;
    do {
      int number = free.take();
      BareMain.check(
          librbd_h.rbd_aio_create_completion(MemorySegment.ofAddress(number), completionStub, out));
      BareMain.check(
          librbd_h.rbd_aio_read(
              image, offsets.next(), size, targets[number], out.get(ValueLayout.ADDRESS, 0)));
      operations++;
    } while (System.nanoTime() - end < 0);
    Integer[] all = new Integer[targets.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = free.take();
    }
    for (Integer number : all) {
      free.add(number);
    }
    Reads.require(failure == 0 ? size : failure, size);
    return operations;
  }
}
