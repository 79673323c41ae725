package io.github.rbd4j.internal;

import io.github.rbd4j.bindings.timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/** Reads times that C functions store as {@code struct timespec}. */
public final class NativeTime {
  private final MemorySegment out;

  /** Makes room for one time. */
  public NativeTime(Arena arena) {
    this.out = timespec.allocate(arena);
  }

  /** A function that stores a time. */
  @FunctionalInterface
  public interface Store {
    /** Calls it. */
    long into(MemorySegment out);
  }

  /** Calls the function and reads the time. */
  public Instant read(Operation operation, Store store) {
    Failures.check(store.into(out), operation);
    return Instant.ofEpochSecond(timespec.tv_sec(out), timespec.tv_nsec(out));
  }
}
