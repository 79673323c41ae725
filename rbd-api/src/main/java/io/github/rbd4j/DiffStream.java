package io.github.rbd4j;

import io.github.rbd4j.internal.Rethrow;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Carries extents from the thread on which librbd iterates to the one that consumes the stream.
 * librbd must never wait for a consumer, so that what was not taken yet piles up, packed. A
 * consumer takes a pack when it is full, or what is there when there is no full one.
 */
final class DiffStream extends AbstractSpliterator<DiffExtent> {
  private static final int PACK_SIZE = 1024;

  /** Something that iterates over extents. */
  @FunctionalInterface
  interface Source {
    void iterate(DiffVisitor visitor);
  }

  /** Some extents. */
  private static final class Pack {
    final long[] offsets = new long[PACK_SIZE];
    final long[] lengths = new long[PACK_SIZE];
    final boolean[] exists = new boolean[PACK_SIZE];
    int count;
  }

  private final Runnable entry;
  private final Source source;
  private volatile boolean closed;

  // Guarded by this.
  private final Deque<Pack> full = new ArrayDeque<>();
  private Pack filling = new Pack();
  private boolean ended;
  private @Nullable Throwable failure;

  // Used by the consuming thread alone.
  private boolean started;
  private Pack taking = new Pack();
  private int taken;

  private DiffStream(Runnable entry, Source source) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
    this.entry = entry;
    this.source = source;
  }

  /**
   * Makes a stream.
   *
   * @param entry throws where nobody may wait for an extent
   * @param source what iterates over them
   */
  static Stream<DiffExtent> of(Runnable entry, Source source) {
    DiffStream stream = new DiffStream(entry, source);
    return StreamSupport.stream(stream, false).onClose(() -> stream.closed = true);
  }

  private void iterate() {
    try {
      source.iterate(this::add);
      end(null);
    } catch (Throwable thrown) { // the consumer rethrows it
      end(thrown);
    }
  }

  private synchronized void end(@Nullable Throwable thrown) {
    failure = thrown;
    ended = true;
    notifyAll();
  }

  private synchronized boolean add(long offset, long length, boolean exists) {
    Pack pack = filling;
    pack.offsets[pack.count] = offset;
    pack.lengths[pack.count] = length;
    pack.exists[pack.count] = exists;
    pack.count++;
    if (pack.count == PACK_SIZE) {
      full.add(pack);
      filling = new Pack();
    }
    notifyAll();
    return !closed;
  }

  @Override
  public boolean tryAdvance(Consumer<? super DiffExtent> action) {
    if (closed) {
      return false;
    }
    if (taken == taking.count) {
      entry.run();
      if (!started) {
        started = true;
        Thread.ofPlatform().daemon().name("rbd4j-diff").start(this::iterate);
      }
      takeInterruptibly();
      if (taking.count == 0) {
        return false;
      }
    }
    Pack pack = taking;
    int i = taken++;
    action.accept(new DiffExtent(pack.offsets[i], pack.lengths[i], pack.exists[i]));
    return true;
  }

  private void takeInterruptibly() {
    try {
      take();
    } catch (InterruptedException e) {
      closed = true;
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the next extent", e);
    }
  }

  /** Takes some extents; none when there are no more. */
  private synchronized void take() throws InterruptedException {
    while (full.isEmpty() && filling.count == 0 && !ended) {
      wait();
    }
    Pack next = full.poll();
    if (next == null) {
      next = filling;
      filling = taking; // all of it was taken
      filling.count = 0;
    }
    taking = next;
    taken = 0;
    if (next.count == 0) {
      Throwable thrown = failure;
      if (thrown != null) {
        throw Rethrow.asIs(thrown);
      }
    }
  }
}
