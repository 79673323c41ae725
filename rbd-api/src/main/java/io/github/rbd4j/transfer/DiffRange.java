package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import io.github.rbd4j.internal.NativeStrings;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Between which points in time a difference is exported, and how.
 *
 * @param from the earlier snapshot, or null for the beginning: all data
 * @param to the later snapshot, or null for the image itself
 * @param format the version of the format; {@code rbd import-diff} reads {@link DiffFormat#V1}
 * @param wholeObjects whether to export objects as a whole where they changed at all, which is
 *     quicker to find with the fast-diff feature, and more data
 */
@Preview
public record DiffRange(
    @Nullable String from, @Nullable String to, DiffFormat format, boolean wholeObjects) {
  /** Checks the values. */
  public DiffRange {
    if (from != null) {
      NativeStrings.requireName(from, "from");
    }
    if (to != null) {
      NativeStrings.requireName(to, "to");
    }
    Objects.requireNonNull(format, "format");
  }

  /**
   * In version 1, in exact extents.
   *
   * @param from the earlier snapshot, or null for the beginning
   * @param to the later snapshot, or null for the image itself
   * @return the range
   */
  public static DiffRange between(@Nullable String from, @Nullable String to) {
    return new DiffRange(from, to, DiffFormat.V1, false);
  }

  /**
   * The same in another version of the format.
   *
   * @param other the version
   * @return another range
   */
  public DiffRange format(DiffFormat other) {
    return new DiffRange(from, to, other, wholeObjects);
  }

  /**
   * The same with or without whole objects.
   *
   * @param whole whether to export whole objects
   * @return another range
   */
  public DiffRange wholeObjects(boolean whole) {
    return new DiffRange(from, to, format, whole);
  }
}
