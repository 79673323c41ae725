package io.github.rbd4j.internal;

import io.github.rbd4j.Image;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespaceType;
import io.github.rbd4j.SnapshotNotFoundException;
import java.util.Comparator;
import java.util.List;

/** The snapshots that users took, not those of groups, mirroring and the trash. */
public final class UserSnapshots {
  private UserSnapshots() {}

  /** Of an image, the oldest first. */
  public static List<SnapshotInfo> of(Image image) {
    return image.snapshots().stream()
        .filter(snapshot -> isUsers(image, snapshot.id()))
        .sorted(Comparator.comparingLong(SnapshotInfo::id))
        .toList();
  }

  private static boolean isUsers(Image image, long id) {
    try {
      return image.snapshotNamespace(id).type() == SnapshotNamespaceType.USER;
    } catch (SnapshotNotFoundException removedMeanwhile) {
      return false;
    }
  }
}
