package io.github.rbd4j.internal;

import org.jspecify.annotations.Nullable;

/** The errno values of Linux that librbd and librados return, with their names and meanings. */
public enum Errno {
  EPERM(1, "operation not permitted"),
  ENOENT(2, "no such object"),
  EINTR(4, "interrupted"),
  EIO(5, "input/output error"),
  ENXIO(6, "no such device or address"),
  E2BIG(7, "argument list too long"),
  EBADF(9, "bad descriptor"),
  EAGAIN(11, "try again"),
  ENOMEM(12, "out of memory"),
  EACCES(13, "permission denied"),
  EFAULT(14, "bad address"),
  EBUSY(16, "busy"),
  EEXIST(17, "exists already"),
  EXDEV(18, "cross-device link"),
  ENODEV(19, "no such device"),
  ENOTDIR(20, "not a directory"),
  EISDIR(21, "is a directory"),
  EINVAL(22, "invalid argument"),
  EFBIG(27, "too large"),
  ENOSPC(28, "no space left"),
  ESPIPE(29, "illegal seek"),
  EROFS(30, "read-only"),
  EPIPE(32, "broken pipe"),
  EDOM(33, "argument out of domain"),
  ERANGE(34, "result out of range"),
  EDEADLK(35, "deadlock avoided"),
  ENAMETOOLONG(36, "name too long"),
  ENOSYS(38, "function not implemented"),
  ENOTEMPTY(39, "not empty"),
  ELOOP(40, "too many levels"),
  ENODATA(61, "no data"),
  EBADMSG(74, "bad message"),
  EOVERFLOW(75, "value too large"),
  ESTALE(116, "stale handle"),
  EUCLEAN(117, "structure needs cleaning"),
  EILSEQ(84, "contents differ"),
  EMSGSIZE(90, "message too long"),
  EPROTONOSUPPORT(93, "protocol not supported"),
  EOPNOTSUPP(95, "operation not supported"),
  ENETUNREACH(101, "network unreachable"),
  ECONNABORTED(103, "connection aborted"),
  ECONNRESET(104, "connection reset"),
  ENOBUFS(105, "no buffer space"),
  EISCONN(106, "connected already"),
  ENOTCONN(107, "not connected"),
  ESHUTDOWN(108, "connection is shut down: the cluster has blocklisted this client"),
  ETIMEDOUT(110, "timed out"),
  ECONNREFUSED(111, "connection refused"),
  EHOSTUNREACH(113, "no route to host"),
  EALREADY(114, "already in progress"),
  EINPROGRESS(115, "in progress"),
  EDQUOT(122, "quota exceeded"),
  ECANCELED(125, "canceled"),
  EKEYREJECTED(129, "key rejected");

  private static final Errno[] BY_CODE = new Errno[256];

  static {
    for (Errno errno : values()) {
      BY_CODE[errno.code] = errno;
    }
  }

  private final int code;
  private final String meaning;

  Errno(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** The positive number. */
  public int code() {
    return code;
  }

  /** What a C function returns for it: the negative number. */
  public int result() {
    return -code;
  }

  /** The symbolic name of a positive errno, {@code "E" + number} where it has none here. */
  public static String nameOf(int errno) {
    Errno known = find(errno);
    return known == null ? "E" + errno : known.name();
  }

  /** The meaning of a positive errno in words. */
  public static String meaningOf(int errno) {
    Errno known = find(errno);
    return known == null ? "error " + errno : known.meaning;
  }

  /** The one of a positive errno, null where it has none here. */
  static @Nullable Errno find(int errno) {
    return errno >= 0 && errno < BY_CODE.length ? BY_CODE[errno] : null;
  }
}
