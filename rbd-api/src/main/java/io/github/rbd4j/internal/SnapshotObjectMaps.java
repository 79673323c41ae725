package io.github.rbd4j.internal;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageFlag;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespace;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.group.GroupImage;
import io.github.rbd4j.rados.IoContext;
import java.util.function.BiPredicate;

/**
 * The object maps of snapshots, before an image goes back to one.
 *
 * <p>A snapshot's object map can be invalid: it was taken while that of the image was, or before
 * the image had one. librbd knows it, and does not look. It makes that map the one of the image,
 * which from then on counts as valid: it reads zeros where there is data, and discards nothing. So
 * such a map is made anew before, which needs no lock.
 */
public final class SnapshotObjectMaps {
  private SnapshotObjectMaps() {}

  /** Makes sure that an image can go back to its snapshot of that name, if it has one. */
  public static void prepareRollback(Image image, String snapshot) {
    String id = image.id(); // the old format has none, and no object map
    if (!id.isEmpty() && image.isWritable() && image.features().contains(Feature.OBJECT_MAP)) {
      try (Image reader = image.rbd().openById(id, OpenOptions.forReading())) {
        prepareRollback(reader, (_, info) -> info.name().equals(snapshot));
      }
    }
  }

  /** Makes sure that an image of a group can go back to the snapshot of that name, if it has it. */
  public static void prepareRollback(
      IoContext io, GroupImage member, String group, String snapshot) {
    String pool = io.cluster().pool(member.poolId()).name();
    if (pool.isEmpty() || member.name().isEmpty()) {
      return; // an answer that makes no sense; librbd has its own
    }
    try (IoContext memberIo = io.cluster().ioContext(pool, io.namespace());
        Image reader = new Rbd(memberIo).openReadOnly(member.name())) {
      prepareRollback(
          reader,
          (image, info) ->
              image.snapshotNamespace(info.id()) instanceof SnapshotNamespace.Group of
                  && of.groupPoolId() == io.poolId()
                  && of.groupName().equals(group)
                  && of.groupSnapshotName().equals(snapshot));
    }
  }

  private static void prepareRollback(Image reader, BiPredicate<Image, SnapshotInfo> isMeant) {
    if (reader.id().isEmpty() || !reader.features().contains(Feature.OBJECT_MAP)) {
      return;
    }
    for (SnapshotInfo info : reader.snapshots()) {
      if (isMeant.test(reader, info)) {
        try {
          reader.setSnapshot(info.id());
          if (reader.flags().contains(ImageFlag.OBJECT_MAP_INVALID)) {
            rebuild(reader, info.id());
          }
        } catch (SnapshotNotFoundException goneMeanwhile) {
          // librbd will say so
        }
        return;
      }
    }
  }

  private static void rebuild(Image reader, long snapshotId) {
    try (Image writer = reader.rbd().openById(reader.id())) {
      writer.setSnapshot(snapshotId);
      writer.rebuildObjectMap();
    }
  }
}
