package io.github.rbd4j.internal;

import io.github.rbd4j.bindings.timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/** Reads times that C functions store as {@code struct timespec}. */
public final class NativeTime {
  private static final long MAX_NANOS = 999_999_999;

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
    return ofSeconds(timespec.tv_sec(out))
        .plusNanos(Math.clamp(timespec.tv_nsec(out), 0, MAX_NANOS));
  }

  /**
   * The time of a number of seconds. What no {@link Instant} can express is the last or the first
   * that it can: a strange time in the cluster shall not hide all else that it says.
   */
  public static Instant ofSeconds(long seconds) {
    return Instant.ofEpochSecond(
        Math.clamp(seconds, Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond()));
  }
}
