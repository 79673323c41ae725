package io.github.rbd4j;

import io.github.rbd4j.internal.NativeStrings;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How to open an image.
 *
 * @param readOnly whether writing is refused; such an image does not hear of changes by others
 * @param snapshot the name of the snapshot to open it at, which cannot be written; null for the
 *     image itself
 */
public record OpenOptions(boolean readOnly, @Nullable String snapshot) {
  /** Checks the values. */
  public OpenOptions {
    if (snapshot != null) {
      NativeStrings.requireName(snapshot, "snapshot");
    }
  }

  /**
   * For reading and writing.
   *
   * @return the options
   */
  public static OpenOptions readWrite() {
    return new OpenOptions(false, null);
  }

  /**
   * For reading only.
   *
   * @return the options
   */
  public static OpenOptions forReading() {
    return new OpenOptions(true, null);
  }

  /**
   * At a snapshot, for reading only.
   *
   * @param snapshot the name of the snapshot
   * @return the options
   */
  public static OpenOptions at(String snapshot) {
    return new OpenOptions(true, Objects.requireNonNull(snapshot, "snapshot"));
  }
}
