package io.github.rbd4j.transfer;

import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Preview;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.internal.UserSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What an image takes, as {@code rbd du} tells it.
 *
 * @param entries the snapshots that users took, the oldest first, then the image itself
 * @param fast whether librbd knew it from the fast-diff feature; otherwise it had to look at every
 *     object
 */
@Preview
public record DiskUsage(List<Entry> entries, boolean fast) {
  /**
   * What the image took at one point in time.
   *
   * @param snapshot the name of the snapshot, or null for the image itself
   * @param provisioned the size in bytes
   * @param used what was written since the snapshot before, or since the beginning, in bytes
   */
  public record Entry(@Nullable String snapshot, long provisioned, long used) {}

  /** Keeps the entries. */
  public DiskUsage {
    entries = List.copyOf(entries);
  }

  /**
   * Finds out what an image takes, in whole objects.
   *
   * @param rbd the pool of the image
   * @param image the name of the image
   * @return what it takes
   */
  public static DiskUsage of(Rbd rbd, String image) {
    return of(rbd, image, false);
  }

  /**
   * Finds out what an image takes.
   *
   * @param rbd the pool of the image
   * @param image the name of the image
   * @param exact whether to count bytes instead of whole objects, which is slow
   * @return what it takes
   */
  public static DiskUsage of(Rbd rbd, String image, boolean exact) {
    List<Entry> entries = new ArrayList<>();
    try (Image head = rbd.openReadOnly(image)) {
      boolean fast = !exact && Extents.isDiffFast(head);
      String last = null;
      for (SnapshotInfo snapshot : UserSnapshots.of(head)) {
        try (Image at = rbd.open(image, OpenOptions.at(snapshot.name()))) {
          fast &= exact || Extents.isDiffFast(at);
          entries.add(new Entry(snapshot.name(), at.size(), used(at, last, exact)));
        }
        last = snapshot.name();
      }
      entries.add(new Entry(null, head.size(), used(head, last, exact)));
      return new DiskUsage(entries, fast);
    }
  }

  private static long used(Image image, @Nullable String since, boolean exact) {
    AtomicLong used = new AtomicLong();
    DiffOptions diff = since == null ? DiffOptions.sinceBeginning() : DiffOptions.since(since);
    image.diffIterate(
        diff.includeParent(false).wholeObject(!exact),
        (_, length, exists) -> {
          used.addAndGet(exists ? length : 0);
          return true;
        });
    return used.get();
  }

  /**
   * The size of the image itself.
   *
   * @return the size in bytes
   */
  public long provisioned() {
    return entries.getLast().provisioned();
  }

  /**
   * What the image and its snapshots take together.
   *
   * @return the sum in bytes
   */
  public long used() {
    return entries.stream().mapToLong(Entry::used).sum();
  }
}
