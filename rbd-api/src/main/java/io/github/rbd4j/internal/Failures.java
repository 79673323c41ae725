package io.github.rbd4j.internal;

import io.github.rbd4j.ArgumentOutOfRangeException;
import io.github.rbd4j.ClientBlocklistedException;
import io.github.rbd4j.ClusterConnectionException;
import io.github.rbd4j.FunctionNotSupportedException;
import io.github.rbd4j.GroupNotFoundException;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.NamespaceNotFoundException;
import io.github.rbd4j.NoSpaceException;
import io.github.rbd4j.ObjectBusyException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OperationCanceledException;
import io.github.rbd4j.OperationNotSupportedException;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.PoolNotFoundException;
import io.github.rbd4j.QuotaExceededException;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.RbdFailure;
import io.github.rbd4j.RbdIoException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.WrongPassphraseException;
import org.jspecify.annotations.Nullable;

/** The one map from the errno of a native call to an exception. */
public final class Failures {
  private Failures() {}

  /** Returns the result of a native call, or throws what its negative value means. */
  public static long check(long result, Operation operation) {
    if (result < 0) {
      throw toException(result, operation, null);
    }
    return result;
  }

  /**
   * Returns a count that the native library gave, or throws if it is negative or more than there
   * can be: neither the library nor what it read from the cluster is believed.
   */
  public static long checkCount(long count, long most, Operation operation) {
    if (count < 0 || count > most) {
      throw toException(
          Errno.ERANGE.result(),
          operation,
          "the native library tells of " + count + " where " + most + " is the most");
    }
    return count;
  }

  /** The exception for a negative result. */
  public static RbdException toException(
      long result, Operation operation, @Nullable String detail) {
    int errno = result < -Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) -result;
    RbdFailure failure =
        new RbdFailure(
            operation.name(), operation.subject().describe(operation.object()), errno, detail);
    Errno known = Errno.find(errno);
    return known == null
        ? new RbdException(failure)
        : toException(known, operation.subject(), failure);
  }

  private static RbdException toException(Errno errno, Subject subject, RbdFailure failure) {
    return switch (errno) {
      case ENOENT -> notFound(subject, failure);
      case EEXIST -> exists(subject, failure);
      case EPERM -> refused(subject, failure);
      case EACCES -> new PermissionDeniedException(failure);
      case EINVAL -> new InvalidRequestException(failure);
      case EDOM, ERANGE, E2BIG, ENAMETOOLONG, EFBIG -> new ArgumentOutOfRangeException(failure);
      case EROFS -> new ReadOnlyImageException(failure);
      case EBUSY -> busy(subject, failure);
      case ENOTEMPTY -> notEmpty(subject, failure);
      case ENOSYS -> new FunctionNotSupportedException(failure);
      case EOPNOTSUPP -> new OperationNotSupportedException(failure);
      case ECANCELED -> new OperationCanceledException(failure);
      case ETIMEDOUT -> new OperationTimeoutException(failure);
      case ESHUTDOWN -> new ClientBlocklistedException(failure);
      case ENOTCONN, ECONNREFUSED, ECONNRESET, ECONNABORTED, EHOSTUNREACH, ENETUNREACH ->
          new ClusterConnectionException(failure);
      case ENOSPC -> new NoSpaceException(failure);
      case EDQUOT -> new QuotaExceededException(failure);
      case EIO -> new RbdIoException(failure);
      default -> new RbdException(failure);
    };
  }

  private static RbdException refused(Subject subject, RbdFailure failure) {
    return subject == Subject.ENCRYPTION
        ? new WrongPassphraseException(failure)
        : new PermissionDeniedException(failure);
  }

  /** A snapshot is of its image: what is protected or has clones keeps that busy. */
  private static RbdException busy(Subject subject, RbdFailure failure) {
    return switch (subject) {
      case IMAGE, SNAPSHOT -> new ImageBusyException(failure);
      case CLUSTER, POOL, NAMESPACE, GROUP, KEY, ENCRYPTION, OTHER ->
          new ObjectBusyException(failure);
    };
  }

  private static RbdException notEmpty(Subject subject, RbdFailure failure) {
    return subject == Subject.IMAGE
        ? new ImageHasSnapshotsException(failure)
        : new RbdException(failure);
  }

  private static RbdException notFound(Subject subject, RbdFailure failure) {
    return switch (subject) {
      case POOL -> new PoolNotFoundException(failure);
      case NAMESPACE -> new NamespaceNotFoundException(failure);
      case IMAGE -> new ImageNotFoundException(failure);
      case SNAPSHOT -> new SnapshotNotFoundException(failure);
      case GROUP -> new GroupNotFoundException(failure);
      case CLUSTER, KEY, ENCRYPTION, OTHER -> new ObjectNotFoundException(failure);
    };
  }

  private static RbdException exists(Subject subject, RbdFailure failure) {
    return switch (subject) {
      case IMAGE -> new ImageExistsException(failure);
      case SNAPSHOT -> new SnapshotExistsException(failure);
      case CLUSTER, POOL, NAMESPACE, GROUP, KEY, ENCRYPTION, OTHER ->
          new ObjectExistsException(failure);
    };
  }
}
