package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;

/**
 * Whether memory is certain to stay while it is referred to. An asynchronous call must not be given
 * memory that somebody can free meanwhile: librbd would write to what is something else by then.
 *
 * <p>The JDK tells by no public method whether an arena can be closed, but by the class of the
 * scope of its segments. A class that is not known counts as one that can be closed.
 */
public final class SegmentLifetime {
  private SegmentLifetime() {}

  /** True if the memory lives as long as the segment is reachable, or for ever. */
  public static boolean isManaged(MemorySegment segment) {
    String scope = segment.scope().getClass().getSimpleName();
    return scope.equals("GlobalSession") || scope.equals("ImplicitSession");
  }

  /** True if only one thread can use the memory, and so free it. */
  public static boolean isConfined(MemorySegment segment) {
    return !segment.isAccessibleBy(OTHER_THREAD);
  }

  /** A thread that no segment is confined to. */
  private static final Thread OTHER_THREAD = Thread.ofVirtual().unstarted(() -> {});
}
