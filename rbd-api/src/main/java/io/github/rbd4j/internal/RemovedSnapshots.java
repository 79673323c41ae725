package io.github.rbd4j.internal;

import io.github.rbd4j.Image;
import io.github.rbd4j.SnapshotInfo;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Snapshots whose removal has returned, and whose data the OSDs have not removed yet.
 *
 * <p>As long as that lasts, an OSD says of an object that it does not exist when asked for it at
 * such a snapshot. librbd asks so when it copies an image with its snapshots: what an object was at
 * a snapshot it reads at the newest snapshot that shares it, though that be removed. The object is
 * left out then, and the copy counts as done.
 */
public final class RemovedSnapshots {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** Between two looks; the map of a large cluster has megabytes. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(4);

  /** In the answer of {@code osd dump}: what is being removed in each pool. */
  private static final String QUEUE = "\"removed_snaps_queue\":[";

  private static final Pattern POOL =
      Pattern.compile("\\G,?\\{\"pool\":(\\d+),\"snaps\":\\[([^\\]]*)]}");
  private static final Pattern IDS = Pattern.compile("\"begin\":(\\d{1,18}),\"length\":(\\d{1,9})");

  /** How many ids are told apart; of more than that, the oldest count. */
  private static final int MANY = 1 << 16;

  private RemovedSnapshots() {}

  /**
   * Waits until none that could be one of this image is left; false if some are after a minute. An
   * image without snapshots is not affected.
   */
  public static boolean await(Image image) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Set<Long> snapshots = ids(image);
      if (snapshots.isEmpty()) {
        return true;
      }
      if (!awaitEnd(image, removing(image), deadline)) {
        return false;
      }
      if (ids(image).containsAll(snapshots)) {
        return true;
      } // one of them was removed meanwhile
    }
  }

  private static boolean awaitEnd(Image image, Set<Long> removing, long deadline) {
    Duration pause = FIRST_PAUSE;
    while (!removing.isEmpty()) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
      pause = pause.multipliedBy(2);
      if (pause.compareTo(LONGEST_PAUSE) > 0) {
        pause = LONGEST_PAUSE;
      }
      removing.retainAll(removing(image));
    }
    return true;
  }

  private static Set<Long> ids(Image image) {
    return image.snapshots().stream().map(SnapshotInfo::id).collect(Collectors.toSet());
  }

  /** Whose id is greater than that of the image's oldest snapshot. */
  private static Set<Long> removing(Image image) {
    Set<Long> removing = new TreeSet<>();
    String map = OsdMap.of(image.rbd().ioContext().cluster());
    if (map != null) {
      long oldest = ids(image).stream().mapToLong(id -> id).min().orElse(Long.MAX_VALUE);
      addRemoving(map, image.dataPoolId(), oldest, removing);
    }
    return removing;
  }

  static void addRemoving(String map, long pool, long oldest, Set<Long> removing) {
    int queue = map.indexOf(QUEUE);
    if (queue < 0) {
      return;
    }
    Matcher entry = POOL.matcher(map).region(queue + QUEUE.length(), map.length());
    while (entry.find()) {
      if (entry.group(1).equals(Long.toString(pool))) {
        Matcher ids = IDS.matcher(entry.group(2));
        while (ids.find()) {
          long begin = Long.parseLong(ids.group(1));
          long end = begin + Long.parseLong(ids.group(2));
          for (long id = Math.max(begin, oldest); id < end && removing.size() < MANY; id++) {
            removing.add(id);
          }
        }
      }
    }
  }
}
