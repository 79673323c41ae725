package io.github.rbd4j;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.OsdMap;
import io.github.rbd4j.rados.Cluster;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether a snapshot can be cloned. librbd finds it out after it opened the snapshot, which it then
 * closes at once, while its own thread is still in it: that can end the process, see {@link
 * io.github.rbd4j.internal.OpeningThread}. So it is found out before.
 */
final class CloneSource {
  private static final String FORMAT_OPTION = "rbd_default_clone_format";

  /** As the monitors say it, in the order of the releases; v2 clones came with mimic. */
  private static final Pattern MIN_COMPATIBLE =
      Pattern.compile("\"(?:require_)?min_compat_client\"\\s*:\\s*\"([a-z]*)\"");

  /** What the monitors say where nothing was ever set. */
  private static final Set<String> UNKNOWN = Set.of("", "unknown", "unspecified");

  private static final char MIMIC = 'm';

  private final Image snapshot;
  private final Operation operation;

  CloneSource(Image snapshot, Operation operation) {
    this.snapshot = snapshot;
    this.operation = operation;
  }

  /**
   * Throws what the clone would fail with.
   *
   * @param isProtected whether the snapshot is
   */
  void require(boolean isProtected, Rbd child, ImageOptions options) {
    if (snapshot.isOldFormat() || snapshot.size() == 0) {
      throw failure(Errno.EINVAL, "the parent is of the old format, or empty");
    }
    if (!snapshot.features().contains(Feature.LAYERING)) {
      throw failure(Errno.ENOSYS, "the parent lacks the feature layering");
    }
    if (!isProtected && !isFormat2(child, options)) {
      throw failure(Errno.EINVAL, "the snapshot is not protected, as clones of format 1 need it");
    }
  }

  private RbdException failure(Errno errno, String detail) {
    return Failures.toException(errno.result(), operation, detail);
  }

  private static boolean isFormat2(Rbd child, ImageOptions options) {
    String format =
        options.getLong(ImageOption.CLONE_FORMAT).isPresent()
            ? Long.toString(options.getLong(ImageOption.CLONE_FORMAT).getAsLong())
            : child.config().stream()
                .filter(option -> option.name().equals(FORMAT_OPTION))
                .map(ConfigOption::value)
                .findAny()
                .orElse("auto");
    return format.equals("2")
        || (format.equals("auto") && allClientsKnowFormat2(child.ioContext().cluster()));
  }

  /**
   * What librbd asks, too, and librados tells nobody else; if the user may not know, it decides.
   */
  private static boolean allClientsKnowFormat2(Cluster cluster) {
    String map = OsdMap.of(cluster);
    return map == null || saysThatAllClientsKnowFormat2(map);
  }

  /** Reads the answer of {@code osd dump} in JSON. */
  static boolean saysThatAllClientsKnowFormat2(String map) {
    Matcher release = MIN_COMPATIBLE.matcher(map);
    boolean known = false;
    while (release.find()) {
      String name = release.group(1);
      known |= !UNKNOWN.contains(name) && name.charAt(0) >= MIMIC;
    }
    return known;
  }
}
