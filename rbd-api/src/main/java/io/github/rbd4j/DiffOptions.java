package io.github.rbd4j;

import io.github.rbd4j.internal.NativeStrings;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What to compare. The newer side is always what the image is open at: its head or a snapshot. The
 * older side is a snapshot, or the beginning of time, which gives all data that exists.
 *
 * @param fromSnapshot the name of the older snapshot, or null
 * @param fromSnapshotId the id of the older snapshot, or null
 * @param offset where to begin, in bytes
 * @param length how far to go in bytes; {@link Long#MAX_VALUE} for the end of the image
 * @param includeParent whether data that still lies in the parent counts
 * @param wholeObject whether to tell whole objects only, which is much faster with the fast-diff
 *     feature. If the image was smaller at a snapshot since then, exact extents are told all the
 *     same, because librbd would leave out some
 */
public record DiffOptions(
    @Nullable String fromSnapshot,
    @Nullable Long fromSnapshotId,
    long offset,
    long length,
    boolean includeParent,
    boolean wholeObject) {

  /** Checks the values. */
  public DiffOptions {
    if (fromSnapshot != null) {
      NativeStrings.requireName(fromSnapshot, "fromSnapshot");
      if (fromSnapshotId != null) {
        throw new IllegalArgumentException("the older snapshot is given by name and by id");
      }
    }
    if (offset < 0) {
      throw new IllegalArgumentException("offset " + offset + " is negative");
    }
    if (length < 0) {
      throw new IllegalArgumentException("length " + length + " is negative");
    }
  }

  /**
   * All data of the image, including what still lies in the parent.
   *
   * @return the options
   */
  public static DiffOptions sinceBeginning() {
    return new DiffOptions(null, null, 0, Long.MAX_VALUE, true, false);
  }

  /**
   * What changed since a snapshot.
   *
   * @param snapshot the name of the snapshot
   * @return the options
   */
  public static DiffOptions since(String snapshot) {
    Objects.requireNonNull(snapshot, "snapshot");
    return new DiffOptions(snapshot, null, 0, Long.MAX_VALUE, true, false);
  }

  /**
   * What changed since a snapshot. Needs librbd of Ceph 18 or newer.
   *
   * @param snapshotId the id of the snapshot
   * @return the options
   */
  public static DiffOptions since(long snapshotId) {
    return new DiffOptions(null, snapshotId, 0, Long.MAX_VALUE, true, false);
  }

  /**
   * The same for a part of the image.
   *
   * @param newOffset where to begin, in bytes
   * @param newLength how far to go in bytes; it may reach beyond the end of the image
   * @return other options
   */
  public DiffOptions range(long newOffset, long newLength) {
    return new DiffOptions(
        fromSnapshot, fromSnapshotId, newOffset, newLength, includeParent, wholeObject);
  }

  /**
   * The same with or without data that still lies in the parent.
   *
   * @param include whether it counts
   * @return other options
   */
  public DiffOptions includeParent(boolean include) {
    return new DiffOptions(fromSnapshot, fromSnapshotId, offset, length, include, wholeObject);
  }

  /**
   * The same in whole objects or in exact extents. Where librbd would tell wrong objects, the
   * extents are exact all the same: if the image was smaller in between, or its encryption is
   * loaded.
   *
   * @param whole whether to tell whole objects
   * @return other options
   */
  public DiffOptions wholeObject(boolean whole) {
    return new DiffOptions(fromSnapshot, fromSnapshotId, offset, length, includeParent, whole);
  }
}
