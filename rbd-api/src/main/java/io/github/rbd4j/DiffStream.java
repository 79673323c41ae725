package io.github.rbd4j;

import io.github.rbd4j.internal.Rethrow;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Carries extents from the thread on which librbd iterates to the one that consumes the stream.
 * librbd must never wait for a consumer, so that what was not taken yet piles up, packed.
 */
final class DiffStream extends AbstractSpliterator<DiffExtent> {
  private static final int PACK_SIZE = 1024;

  /** Something that iterates over extents. */
  @FunctionalInterface
  interface Source {
    void iterate(DiffVisitor visitor);
  }

  /** Some extents. The last pack of all is marked, and has what the iteration threw. */
  private static final class Pack {
    final long[] offsets = new long[PACK_SIZE];
    final long[] lengths = new long[PACK_SIZE];
    final boolean[] exists = new boolean[PACK_SIZE];
    int count;
    boolean last;
    @Nullable Throwable failure;
  }

  private final Source source;
  private final LinkedBlockingQueue<Pack> packs = new LinkedBlockingQueue<>();
  private volatile boolean closed;

  // Used by the iterating thread alone.
  private Pack filling = new Pack();

  // Used by the consuming thread alone.
  private boolean started;
  private @Nullable Pack taking;
  private int taken;

  private DiffStream(Source source) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
    this.source = source;
  }

  static Stream<DiffExtent> of(Source source) {
    DiffStream stream = new DiffStream(source);
    return StreamSupport.stream(stream, false).onClose(() -> stream.closed = true);
  }

  private void iterate() {
    try {
      source.iterate(this::add);
    } catch (Throwable thrown) { // the consumer rethrows it
      filling.failure = thrown;
    }
    filling.last = true;
    packs.add(filling);
  }

  private boolean add(long offset, long length, boolean exists) {
    Pack pack = filling;
    pack.offsets[pack.count] = offset;
    pack.lengths[pack.count] = length;
    pack.exists[pack.count] = exists;
    pack.count++;
    if (pack.count == PACK_SIZE) {
      packs.add(pack);
      filling = new Pack();
    }
    return !closed;
  }

  @Override
  public boolean tryAdvance(Consumer<? super DiffExtent> action) {
    if (closed) {
      return false;
    }
    if (!started) {
      started = true;
      Thread.ofPlatform().daemon().name("rbd4j-diff").start(this::iterate);
    }
    Pack pack = taking;
    while (pack == null || taken == pack.count) {
      if (pack != null && pack.last) {
        if (pack.failure != null) {
          throw Rethrow.asIs(pack.failure);
        }
        return false;
      }
      pack = takeInterruptibly();
      taking = pack;
      taken = 0;
    }
    int i = taken++;
    action.accept(new DiffExtent(pack.offsets[i], pack.lengths[i], pack.exists[i]));
    return true;
  }

  private Pack takeInterruptibly() {
    try {
      return packs.take();
    } catch (InterruptedException e) {
      closed = true;
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the next extent", e);
    }
  }
}
