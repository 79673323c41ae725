package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether memory is certain to stay while it is referred to. An asynchronous call must not be given
 * memory that somebody can free meanwhile: librbd would write to what is something else by then.
 *
 * <p>The JDK tells by no public method whether an arena can be closed, but by the class of the
 * scope of its segments. It is compared with those of segments that nobody can free, and a class
 * that segments have, too, that can be freed counts for nothing.
 */
public final class SegmentLifetime {
  private static final Set<Class<?>> CLOSEABLE = closeable();
  private static final @Nullable Class<?> GLOBAL = unlessCloseable(Arena.global().allocate(1));
  private static final @Nullable Class<?> AUTOMATIC = unlessCloseable(Arena.ofAuto().allocate(1));
  private static final @Nullable Class<?> DIRECT_BUFFER =
      unlessCloseable(MemorySegment.ofBuffer(ByteBuffer.allocateDirect(1)));

  private SegmentLifetime() {}

  private static Set<Class<?>> closeable() {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      return new HashSet<>(List.of(confined.scope().getClass(), shared.scope().getClass()));
    }
  }

  private static @Nullable Class<?> unlessCloseable(MemorySegment segment) {
    Class<?> type = segment.scope().getClass();
    return CLOSEABLE.contains(type) ? null : type;
  }

  /**
   * True if the memory is native and lives as long as the segment is reachable, or for ever. That
   * of a mapped file does not: the file can become shorter, and its disk can be full.
   */
  public static boolean isManaged(MemorySegment segment) {
    if (!segment.isNative() || segment.isMapped()) {
      return false;
    }
    Class<?> type = segment.scope().getClass();
    return type == AUTOMATIC || type == DIRECT_BUFFER || type == GLOBAL;
  }

  /** True if only one thread can use the memory, and so free it. */
  public static boolean isConfined(MemorySegment segment) {
    return !segment.isAccessibleBy(OTHER_THREAD);
  }

  /** A thread that no segment is confined to. */
  private static final Thread OTHER_THREAD = Thread.ofVirtual().unstarted(() -> {});
}
