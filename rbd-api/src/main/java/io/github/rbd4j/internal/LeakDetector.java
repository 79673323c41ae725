package io.github.rbd4j.internal;

import java.lang.ref.Cleaner;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports objects that were dropped without being closed. It only reports: closing blocks, and the
 * thread of a cleaner is no place for that. With {@code -Drbd4j.leakDetection=true} the report says
 * where the object came from.
 */
final class LeakDetector {
  private static final Logger LOG = LoggerFactory.getLogger("io.github.rbd4j.leak");
  private static final boolean RECORD_SITES = Boolean.getBoolean("rbd4j.leakDetection");
  private static final Cleaner CLEANER = Cleaner.create();

  private LeakDetector() {}

  static void watch(Object object, NativeHandle handle) {
    Throwable site = RECORD_SITES ? new Throwable("opened here") : null;
    CLEANER.register(object, () -> report(handle, site));
  }

  private static void report(NativeHandle handle, @Nullable Throwable site) {
    if (!handle.isClosed()) {
      LOG.warn(
          "{} was never closed: it stays open until what it was opened from is closed."
              + (site == null
                  ? " Run with -Drbd4j.leakDetection=true to see where it was opened."
                  : ""),
          handle,
          site);
    }
  }
}
