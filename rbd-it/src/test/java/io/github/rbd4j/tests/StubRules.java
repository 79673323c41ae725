package io.github.rbd4j.tests;

import io.github.rbd4j.tests.Stub.Answer;
import io.github.rbd4j.tests.Stub.Mode;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may come out of which method, besides the exception of the errno that a function gives. */
final class StubRules {
  private static final int ENOENT = 2;
  private static final int E2BIG = 7;
  private static final int EINVAL = 22;
  private static final int ERANGE = 34;
  private static final int ENAMETOOLONG = 36;
  private static final int EILSEQ = 84;

  /** What opens the image once more, by the name that it was told. */
  private static final Set<String> TELL_A_TIME =
      Set.of("Snapshot.timestamp[]", "Image.snapshotTimestamp[long]");

  /** What needs no native function that can fail. */
  static final Set<String> CALL_NOTHING =
      Set.of(
          "AsyncImage.toString[]",
          "AsyncImage.withDeadline[Duration]",
          "Cluster.close",
          "Cluster.executor[]",
          "Cluster.instanceId[]",
          "Cluster.libradosVersion[]",
          "Encryption.toString[]",
          "Group.name[]",
          "Group.toString[]",
          "Groups.group[String]",
          "Groups.toString[]",
          "Image.advisoryLocks[]",
          "Image.async[AsyncOptions]",
          "Image.async[]",
          "Image.exclusiveLock[]",
          "Image.isWritable[]",
          "Image.rbd[]",
          "Image.snapshot[String]",
          "ImageMirror.toString[]",
          "IoContext.close",
          "IoContext.cluster[]",
          "IoContext.namespace[]",
          "IoContext.poolId[]",
          "IoContext.poolName[]",
          "Migration.toString[]",
          "Mirror.toString[]",
          "Namespaces.toString[]",
          "NativeObject.isClosed[]",
          "NativeObject.toString[]",
          "QuiesceWatch.close",
          "Rbd.ioContext[]",
          "Rbd.migration[]",
          "Rbd.namespaces[]",
          "Rbd.toString[]",
          "Rbd.trash[]",
          "Rbd.version[]",
          "Snapshot.image[]",
          "Snapshot.name[]",
          "Snapshot.toString[]",
          "Trash.toString[]");

  private static final Set<String> SIZED_BY_VALUE =
      Set.of(
          "rados_cluster_fsid",
          "rados_conf_get",
          "rados_pool_reverse_lookup",
          "rbd_get_block_name_prefix",
          "rbd_get_id");

  private static final Set<String> MIGRATION =
      Set.of("Image.migrationSourceSpec[]", "Migration.status[String]");

  /** What does not exist is a value here. */
  private static final Set<String> MAY_BE_EMPTY =
      Set.of("ExclusiveLock.owners[]", "Image.parent[]", "Rbd.exists[String]");

  private static final Set<String> IGNORED = Set.of("rados_notify_ack", "rados_unwatch2");

  /** What a method asks an image that it opens, by the method that asks for the answer itself. */
  private static final Map<String, String> ASKED_OF_OPENED =
      Map.of(
          "rbd_get_overlap", "Image.overlap[]",
          "rbd_mirror_image_get_info", "ImageMirror.info[]",
          "rbd_aio_mirror_image_get_info", "ImageMirror.infoAsync[]");

  /** What these look for is not among the nothing that the stub lists. */
  static final Set<String> MISS_SOMETHING =
      Set.of(
          "Group.images[]",
          "Group.removeImage[IoContext, String]",
          "Group.snapshots[]",
          "Groups.remove[String]");

  private StubRules() {}

  /** How a function can fail. */
  static List<Mode> failures(String function) {
    return function.startsWith("rbd_aio_") && !function.equals("rbd_aio_create_completion")
        ? List.of(Mode.FAIL, Mode.FAIL_LATER)
        : List.of(Mode.FAIL);
  }

  /** Whether an errno is no error. */
  static boolean isValue(String method, String function, int errno) {
    if (!method.equals(ASKED_OF_OPENED.getOrDefault(function, method))) {
      return true;
    }
    return switch (errno) {
      // A clone looks at its parent first, and says itself that it is missing.
      case ENOENT ->
          MAY_BE_EMPTY.contains(method)
              || function.equals("rbd_get_parent")
              || method.startsWith("Rbd.clone[");
      case EILSEQ -> function.contains("compare_and_write");
      default -> false;
    };
  }

  /** Whether nobody can do anything about the failure of a function: what it ends is over. */
  static boolean isIgnored(String function) {
    return function.endsWith("_cleanup") || IGNORED.contains(function);
  }

  /** What a user is told. Where the size of a buffer goes by value, three errnos mean the same. */
  static int meaning(String method, String function, int errno) {
    if (errno == EINVAL && MIGRATION.contains(method)) {
      return ENOENT;
    }
    return (errno == E2BIG || errno == ENAMETOOLONG) && SIZED_BY_VALUE.contains(function)
        ? ERANGE
        : errno;
  }

  /**
   * Whether an answer may be a reason for something else than an {@code RbdException}: an image
   * whose size is no number has no place for a write, and a clone of some releases cannot be
   * copied.
   */
  static boolean mayRefuse(String method, Answer answer, Throwable thrown) {
    if (TELL_A_TIME.contains(method)) {
      return "name is empty".equals(thrown.getMessage());
    }
    boolean ofSize = answer.function().isEmpty() || answer.function().equals("rbd_get_size");
    return thrown instanceof UnsupportedOperationException
        ? method.startsWith("Image.copyTo[")
        : answer.mode() == Mode.COUNT
            && ofSize
            && thrown.getClass() == IllegalArgumentException.class
            && String.valueOf(thrown.getMessage()).contains("does not lie within image");
  }
}
