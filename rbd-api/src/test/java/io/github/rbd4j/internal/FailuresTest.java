package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.github.rbd4j.RbdIoException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.WrongPassphraseException;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every negative result becomes an exception that says what it was. */
class FailuresTest {
  private static final Operation RESIZE = new Operation("resize", Subject.IMAGE, "rbd/vm-1");

  /** The errors that have an exception of their own, for an image. */
  private static final Map<Errno, Class<? extends RbdException>> OWN = new EnumMap<>(Errno.class);

  static {
    OWN.put(Errno.ENOENT, ImageNotFoundException.class);
    OWN.put(Errno.EEXIST, ImageExistsException.class);
    OWN.put(Errno.EPERM, PermissionDeniedException.class);
    OWN.put(Errno.EACCES, PermissionDeniedException.class);
    OWN.put(Errno.EINVAL, InvalidRequestException.class);
    OWN.put(Errno.EDOM, ArgumentOutOfRangeException.class);
    OWN.put(Errno.ERANGE, ArgumentOutOfRangeException.class);
    OWN.put(Errno.E2BIG, ArgumentOutOfRangeException.class);
    OWN.put(Errno.ENAMETOOLONG, ArgumentOutOfRangeException.class);
    OWN.put(Errno.EFBIG, ArgumentOutOfRangeException.class);
    OWN.put(Errno.EROFS, ReadOnlyImageException.class);
    OWN.put(Errno.EBUSY, ImageBusyException.class);
    OWN.put(Errno.ENOTEMPTY, ImageHasSnapshotsException.class);
    OWN.put(Errno.ENOSYS, FunctionNotSupportedException.class);
    OWN.put(Errno.EOPNOTSUPP, OperationNotSupportedException.class);
    OWN.put(Errno.ECANCELED, OperationCanceledException.class);
    OWN.put(Errno.ETIMEDOUT, OperationTimeoutException.class);
    OWN.put(Errno.ESHUTDOWN, ClientBlocklistedException.class);
    OWN.put(Errno.ENOTCONN, ClusterConnectionException.class);
    OWN.put(Errno.ECONNREFUSED, ClusterConnectionException.class);
    OWN.put(Errno.ECONNRESET, ClusterConnectionException.class);
    OWN.put(Errno.ECONNABORTED, ClusterConnectionException.class);
    OWN.put(Errno.EHOSTUNREACH, ClusterConnectionException.class);
    OWN.put(Errno.ENETUNREACH, ClusterConnectionException.class);
    OWN.put(Errno.ENOSPC, NoSpaceException.class);
    OWN.put(Errno.EDQUOT, QuotaExceededException.class);
    OWN.put(Errno.EIO, RbdIoException.class);
  }

  @ParameterizedTest
  @EnumSource
  void everyErrnoHasItsException(Errno errno) {
    assertThatThrownBy(() -> Failures.check(errno.result(), RESIZE))
        .isExactlyInstanceOf(OWN.getOrDefault(errno, RbdException.class))
        .hasMessageContaining("resize")
        .hasMessageContaining("image rbd/vm-1")
        .hasMessageContaining(errno.name())
        .satisfies(e -> assertThat(((RbdException) e).errno()).isEqualTo(errno.code()));
    assertThat(Errno.nameOf(errno.code())).isEqualTo(errno.name());
    assertThat(Errno.meaningOf(errno.code())).isNotEmpty();
  }

  @Test
  void whatIsMissingOrThereDependsOnTheSubject() {
    Map<Subject, Class<? extends RbdException>> missing =
        Map.of(
            Subject.CLUSTER, ObjectNotFoundException.class,
            Subject.POOL, PoolNotFoundException.class,
            Subject.NAMESPACE, NamespaceNotFoundException.class,
            Subject.IMAGE, ImageNotFoundException.class,
            Subject.SNAPSHOT, SnapshotNotFoundException.class,
            Subject.GROUP, GroupNotFoundException.class);
    Map<Subject, Class<? extends RbdException>> there =
        Map.of(
            Subject.IMAGE, ImageExistsException.class,
            Subject.SNAPSHOT, SnapshotExistsException.class);
    for (Subject subject : Subject.values()) {
      Operation operation = new Operation("look at", subject, "x");
      assertThat(Failures.toException(Errno.ENOENT.result(), operation, null))
          .isInstanceOf(ObjectNotFoundException.class)
          .isExactlyInstanceOf(missing.getOrDefault(subject, ObjectNotFoundException.class));
      assertThat(Failures.toException(Errno.EEXIST.result(), operation, null))
          .isInstanceOf(ObjectExistsException.class)
          .isExactlyInstanceOf(there.getOrDefault(subject, ObjectExistsException.class));
    }
  }

  @Test
  void onlyAnImageIsABusyImageOrHasSnapshots() {
    for (Subject subject : Subject.values()) {
      Operation operation = new Operation("look at", subject, "x");
      boolean image = subject == Subject.IMAGE;
      assertThat(Failures.toException(Errno.EBUSY.result(), operation, null))
          .isExactlyInstanceOf(
              image || subject == Subject.SNAPSHOT
                  ? ImageBusyException.class
                  : ObjectBusyException.class);
      assertThat(Failures.toException(Errno.ENOTEMPTY.result(), operation, null))
          .isExactlyInstanceOf(image ? ImageHasSnapshotsException.class : RbdException.class);
    }
  }

  @Test
  void onlyLoadingAnEncryptionTakesARefusalForAWrongPassphrase() {
    for (Subject subject : Subject.values()) {
      Operation operation = new Operation("look at", subject, "x");
      assertThat(Failures.toException(Errno.EPERM.result(), operation, null))
          .isExactlyInstanceOf(
              subject == Subject.ENCRYPTION
                  ? WrongPassphraseException.class
                  : PermissionDeniedException.class);
      assertThat(Failures.toException(Errno.EACCES.result(), operation, null))
          .isExactlyInstanceOf(PermissionDeniedException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-3, -255, -256, -257, -4242, -9000, -Integer.MAX_VALUE})
  void anUnknownErrnoIsKept(long result) {
    assertThatThrownBy(() -> Failures.check(result, RESIZE))
        .isExactlyInstanceOf(RbdException.class)
        .hasMessageContaining("E" + -result)
        .satisfies(e -> assertThat(((RbdException) e).errno()).isEqualTo((int) -result));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {Integer.MIN_VALUE, Integer.MIN_VALUE - 2L, -(2L + (1L << 32)), Long.MIN_VALUE})
  void aResultThatIsNoErrnoIsNotTakenForAnother(long result) {
    assertThatThrownBy(() -> Failures.check(result, RESIZE))
        .isExactlyInstanceOf(RbdException.class)
        .satisfies(e -> assertThat(((RbdException) e).errno()).isEqualTo(Integer.MAX_VALUE));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 4096, Integer.MAX_VALUE, Long.MAX_VALUE})
  void whatIsNotNegativePasses(long result) {
    assertThat(Failures.check(result, RESIZE)).isEqualTo(result);
  }

  @Test
  void aDetailIsPartOfTheMessage() {
    assertThat(Failures.toException(Errno.EIO.result(), RESIZE, "the disk is on fire"))
        .hasMessageContaining("the disk is on fire");
  }

  @Test
  void namesOfNumbersThatAreNoErrno() {
    assertThat(Errno.nameOf(-1)).isEqualTo("E-1");
    assertThat(Errno.nameOf(0)).isEqualTo("E0");
    assertThat(Errno.nameOf(Integer.MAX_VALUE)).isEqualTo("E2147483647");
    assertThat(Errno.meaningOf(Integer.MIN_VALUE)).isNotEmpty();
  }
}
