package io.github.rbd4j.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clusters that are connected. A process that exits with an open connection can crash while the
 * C++ library is torn down under its own threads, so a shutdown hook closes what is still open, for
 * at most {@code -Drbd4j.shutdownSeconds} (default 10). If that is not enough, nothing is torn
 * down.
 */
public final class LiveClusters {
  private static final Logger LOG = LoggerFactory.getLogger(LiveClusters.class);
  private static final Duration LIMIT =
      Duration.ofSeconds(Math.clamp(Long.getLong("rbd4j.shutdownSeconds", 10), 0, 86_400));
  private static final Set<NativeHandle> LIVE = new LinkedHashSet<>();
  private static boolean hooked;
  private static boolean exiting;

  private LiveClusters() {}

  /**
   * Notes a cluster that must be closed before the JVM ends.
   *
   * @throws IllegalStateException if the JVM is ending already: nothing would close the cluster
   */
  public static void add(NativeHandle cluster) {
    synchronized (LIVE) {
      if (exiting) {
        throw new IllegalStateException("the JVM is exiting");
      }
      if (!hooked) {
        Runtime.getRuntime().addShutdownHook(new Thread(LiveClusters::closeAll, "rbd4j-shutdown"));
        hooked = true;
      }
      LIVE.add(cluster);
    }
  }

  /** Forgets a cluster that is closed. */
  public static void remove(NativeHandle cluster) {
    synchronized (LIVE) {
      LIVE.remove(cluster);
    }
  }

  private static void closeAll() {
    List<NativeHandle> clusters;
    synchronized (LIVE) {
      exiting = true;
      clusters = new ArrayList<>(LIVE);
    }
    List<Thread> closers = new ArrayList<>();
    for (NativeHandle cluster : clusters) {
      closers.add(Thread.ofPlatform().daemon().start(() -> close(cluster)));
    }
    long end = System.nanoTime() + LIMIT.toNanos();
    try {
      for (Thread closer : closers) {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        if (!left.isPositive() || !closer.join(left)) {
          LOG.warn("the JVM exits although a cluster connection could not be closed in {}", LIMIT);
          ProcessExit.skipTeardown();
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void close(NativeHandle cluster) {
    try {
      cluster.close();
    } catch (RuntimeException e) {
      LOG.warn("closing {} at the exit of the JVM failed", cluster, e);
    }
  }
}
