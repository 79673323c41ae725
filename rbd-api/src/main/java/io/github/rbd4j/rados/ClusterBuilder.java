package io.github.rbd4j.rados;

import static io.github.rbd4j.bindings.librbd_h.rados_conf_read_file;
import static io.github.rbd4j.bindings.librbd_h.rados_conf_set;
import static io.github.rbd4j.bindings.librbd_h.rados_connect;
import static io.github.rbd4j.bindings.librbd_h.rados_create2;
import static io.github.rbd4j.bindings.librbd_h.rados_monitor_log2;
import static io.github.rbd4j.bindings.librbd_h.rados_shutdown;

import io.github.rbd4j.ClusterConnectionException;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.RbdFailure;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.LiveClusters;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Seconds;
import io.github.rbd4j.internal.Secret;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Upcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Describes a connection to a cluster; {@link #connect()} makes it.
 *
 * <p>Where a setting is not given, the configuration file decides, then Ceph's default, with four
 * exceptions. A time-out that would be infinite or very long gets a finite default. A write is
 * acknowledged when the cluster has it, not before: librbd's default cache would lose the errors of
 * writes that it acknowledged before. Set {@code rbd_cache_policy} to {@code writeback} to have
 * writes acknowledged at once. The native log is off: set the options {@code log_file} or {@code
 * log_to_stderr} to have it. There is no admin socket: set {@code admin_socket} to have one.
 */
public final class ClusterBuilder {
  private static final ThreadFactory CALLBACKS =
      Thread.ofVirtual().name("rbd4j-callback").factory();

  private static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration DEFAULT_OPERATION_TIMEOUT = Duration.ofMinutes(2);

  /** 68 years: Ceph counts in nanoseconds and does not notice an overflow. */
  private static final Duration MAX_TIMEOUT = Duration.ofSeconds(Integer.MAX_VALUE);

  /** How much the cache of librbd may acknowledge before the cluster has it, and Ceph's default. */
  private static final String MAX_DIRTY = "rbd_cache_max_dirty";

  private static final String DEFAULT_MAX_DIRTY = "25165824";

  private String clusterName = "ceph";
  private String clientName = "client.admin";
  private @Nullable Path confFile;
  private boolean readConfFile = true;
  private @Nullable String monHost;
  private @Nullable Secret key;
  private @Nullable Duration connectTimeout;
  private @Nullable Duration monTimeout;
  private @Nullable Duration osdTimeout;
  private @Nullable String clusterLogLevel;
  private Executor executor = command -> CALLBACKS.newThread(command).start();
  private final Map<String, String> options = new LinkedHashMap<>();

  ClusterBuilder() {}

  /**
   * Sets the user, without its type.
   *
   * @param id for instance {@code admin} for {@code client.admin}
   * @return this builder
   */
  public ClusterBuilder clientId(String id) {
    clientName = "client." + NativeStrings.requireName(id, "id");
    return this;
  }

  /**
   * Sets the name of the cluster, which stands in the names of its configuration and keyring files.
   *
   * @param name the name, by default {@code ceph}
   * @return this builder
   */
  public ClusterBuilder clusterName(String name) {
    clusterName = NativeStrings.requireName(name, "name");
    return this;
  }

  /**
   * Sets the configuration file.
   *
   * @param file the file, which must exist
   * @return this builder
   */
  public ClusterBuilder confFile(Path file) {
    confFile = Objects.requireNonNull(file, "file");
    readConfFile = true;
    return this;
  }

  /**
   * Reads no configuration file at all. Give {@link #monHost} and {@link #key} then.
   *
   * @return this builder
   */
  public ClusterBuilder noConfFile() {
    confFile = null;
    readConfFile = false;
    return this;
  }

  /**
   * Sets the monitors. Without {@link #confFile} no configuration file is needed then.
   *
   * @param addresses the addresses, for instance {@code 10.0.0.1,10.0.0.2:3300} or {@code
   *     [v2:10.0.0.1:3300]}
   * @return this builder
   */
  public ClusterBuilder monHost(String addresses) {
    monHost = NativeStrings.requireName(addresses, "addresses");
    return this;
  }

  /**
   * Sets the secret key of the user. The builder keeps a copy outside the Java heap, which {@link
   * #connect()} erases.
   *
   * @param secret the key in base 64, as a keyring has it; the caller may erase it at once
   * @return this builder
   */
  public ClusterBuilder key(char[] secret) {
    for (char c : secret) {
      if (c <= ' ' || c > '~') {
        throw new IllegalArgumentException("the key is not in base 64");
      }
    }
    eraseKey();
    key = Secret.of(secret);
    return this;
  }

  /**
   * Sets any configuration option of Ceph, for instance {@code rbd_cache} to {@code false}.
   *
   * @param name the name of the option, with underscores, spaces or dashes
   * @param value its value
   * @return this builder
   */
  public ClusterBuilder option(String name, String value) {
    options.put(
        NativeStrings.requireOption(name, "name"), NativeStrings.requireConfig(name, value));
    return this;
  }

  /**
   * How long {@link #connect()} may take until the monitors answer.
   *
   * @param timeout the time, at least a second, rounded up to whole seconds; by default 30 s,
   *     unless the configuration file sets {@code client_mount_timeout}
   * @return this builder
   */
  public ClusterBuilder connectTimeout(Duration timeout) {
    if (timeout.toSeconds() < 1) {
      throw new IllegalArgumentException("connectTimeout " + timeout + " is less than a second");
    }
    connectTimeout = timeout;
    return this;
  }

  /**
   * How long a request to the monitors may take.
   *
   * @param timeout the time, rounded up to whole seconds; {@link Duration#ZERO} to wait for ever;
   *     by default 120 s, unless the configuration file sets {@code rados_mon_op_timeout}
   * @return this builder
   */
  public ClusterBuilder monTimeout(Duration timeout) {
    monTimeout = requireNotNegative(timeout, "monTimeout");
    return this;
  }

  /**
   * How long one request to an OSD may take, and so how long an image can hang when OSDs are down.
   * A write that timed out may or may not have been done.
   *
   * @param timeout the time, rounded up to whole seconds; {@link Duration#ZERO} to wait for ever;
   *     by default 120 s, unless the configuration file sets {@code rados_osd_op_timeout}
   * @return this builder
   */
  public ClusterBuilder osdTimeout(Duration timeout) {
    osdTimeout = requireNotNegative(timeout, "osdTimeout");
    return this;
  }

  /**
   * Sends the log of the cluster, which its monitors keep, to the SLF4J logger {@code
   * io.github.rbd4j.clusterlog}. The user must be allowed to read it.
   *
   * <p>Implements: {@code int rados_monitor_log2(rados_t cluster, const char *level,
   * rados_log_callback2_t cb, void *arg)}
   *
   * @param level the lowest level: {@code debug}, {@code info}, {@code sec}, {@code warn} or {@code
   *     error}
   * @return this builder
   */
  public ClusterBuilder clusterLog(String level) {
    clusterLogLevel = NativeStrings.requireName(level, "level");
    return this;
  }

  /**
   * What shall run the listeners of watches and complete the futures of asynchronous calls, and so
   * run what depends on these.
   *
   * <p>Each task of it comes from a thread of librbd, and runs there if the executor runs its tasks
   * at once, such as {@code Runnable::run} or a pool whose queue is full and whose policy is that
   * the caller runs them. Such a task must be short, for librbd waits for it; blocking calls of
   * rbd4j throw {@link IllegalStateException} in it. What the executor refuses, or fails to run,
   * runs on a virtual thread of its own, except a listener that is to prepare for a snapshot: the
   * snapshot fails then.
   *
   * @param newExecutor the executor; by default each task gets a new virtual thread
   * @return this builder
   */
  public ClusterBuilder executor(Executor newExecutor) {
    executor = Objects.requireNonNull(newExecutor, "newExecutor");
    return this;
  }

  private static Duration requireNotNegative(Duration timeout, String what) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException(what + " " + timeout + " is negative");
    }
    return timeout;
  }

  /**
   * Connects. The builder can be used again afterwards, the key must be given again then.
   *
   * <p>Implements: {@code int rados_create2(rados_t *pcluster, const char *const clustername, const
   * char *const name, uint64_t flags)}, {@code int rados_conf_read_file(rados_t cluster, const char
   * *path)}, {@code int rados_connect(rados_t cluster)}
   *
   * @return the connection; close it when done
   * @throws ClusterConnectionException if the cluster cannot be reached or refuses this user;
   *     {@link ClusterConnectionException#errno()} says why
   * @throws io.github.rbd4j.ObjectNotFoundException if the configuration file, or an option, does
   *     not exist
   * @throws UnsatisfiedLinkError if the native libraries are not installed
   * @throws IllegalCallerException if this JVM denies native access
   */
  public Cluster connect() {
    NativeSymbols.load();
    NativeHandle handle = create();
    try {
      configure(handle);
      if (clusterLogLevel != null) {
        connectWithLog(handle, clusterLogLevel);
      } else {
        connect(handle);
      }
      return new Cluster(handle, executor);
    } catch (Throwable failure) {
      handle.close(); // a handle that failed to connect must be shut down all the same
      throw failure;
    } finally {
      eraseKey();
    }
  }

  private NativeHandle create() {
    Operation operation = new Operation("create a handle of", Subject.CLUSTER, clusterName);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Failures.check(
          rados_create2(
              out,
              NativeStrings.copy(arena, clusterName),
              NativeStrings.copy(arena, clientName),
              0),
          operation);
      NativeHandle[] self = new NativeHandle[1];
      NativeHandle handle =
          new NativeHandle(
              null,
              Subject.CLUSTER,
              clusterName + " (" + clientName + ")",
              out.get(ValueLayout.ADDRESS, 0),
              cluster -> {
                rados_shutdown(cluster);
                LiveClusters.remove(Objects.requireNonNull(self[0]));
                return 0;
              });
      self[0] = handle;
      try {
        LiveClusters.add(handle);
      } catch (IllegalStateException exiting) {
        handle.close();
        throw exiting;
      }
      return handle;
    }
  }

  private void configure(NativeHandle handle) {
    readFile(handle);
    Cluster.setConfig(handle, "log_to_stderr", "false");
    Cluster.setConfig(handle, "err_to_stderr", "false");
    Cluster.setConfig(handle, "log_file", "");
    Cluster.setConfig(handle, "admin_socket", "");
    if (monHost != null) {
      Cluster.setConfig(handle, "mon_host", monHost);
    }
    if (key != null) {
      setKey(handle, key);
    }
    options.forEach((name, value) -> Cluster.setConfig(handle, name, value));
    timeout(handle, "client_mount_timeout", connectTimeout, DEFAULT_CONNECT_TIMEOUT, 300);
    timeout(handle, "rados_mon_op_timeout", monTimeout, DEFAULT_OPERATION_TIMEOUT, 0);
    double osd = timeout(handle, "rados_osd_op_timeout", osdTimeout, DEFAULT_OPERATION_TIMEOUT, 0);
    if (osd > 0) {
      handle.staging().limit(Duration.ofMillis((long) (osd * 1000)));
    }
    acknowledgeWhatIsWritten(handle);
  }

  /**
   * Turns the default cache of librbd off for writes. It acknowledges a write at once and keeps its
   * error for the next flush, but a flush that begins after all writes have ended, well or not,
   * does not look there and succeeds.
   */
  private void acknowledgeWhatIsWritten(NativeHandle handle) {
    if (!options.containsKey(MAX_DIRTY)
        && "writearound".equals(Cluster.config(handle, "rbd_cache_policy"))
        && DEFAULT_MAX_DIRTY.equals(Cluster.config(handle, MAX_DIRTY))) {
      Cluster.setConfig(handle, MAX_DIRTY, "0");
    }
  }

  private void readFile(NativeHandle handle) {
    if (!readConfFile) {
      return;
    }
    Operation operation =
        handle
            .operation("read")
            .on(
                Subject.OTHER,
                confFile == null ? "the default configuration file" : "file " + confFile);
    long result =
        handle.use(
            (cluster, arena) ->
                (long)
                    rados_conf_read_file(
                        cluster,
                        confFile == null
                            ? MemorySegment.NULL
                            : NativeStrings.copy(
                                arena, NativeStrings.require(confFile.toString(), "confFile"))));
    boolean optional = confFile == null && monHost != null;
    if (!(optional && result == Errno.ENOENT.result())) {
      Failures.check(result, operation);
    }
  }

  /** Sets a time-out: the given one, or a finite one in place of Ceph's default. Returns it. */
  private double timeout(
      NativeHandle handle,
      String option,
      @Nullable Duration given,
      Duration instead,
      long cephDefault) {
    if (given != null) {
      long seconds = Math.min(Seconds.roundedUp(given), MAX_TIMEOUT.toSeconds());
      Cluster.setConfig(handle, option, Long.toString(seconds));
      return seconds;
    }
    double configured = Double.parseDouble(Cluster.config(handle, option));
    if (options.containsKey(option) || configured != cephDefault) {
      return configured;
    }
    Cluster.setConfig(handle, option, Long.toString(instead.toSeconds()));
    return instead.toSeconds();
  }

  private static void setKey(NativeHandle handle, Secret key) {
    handle.callInArena(
        handle.operation("set the key of"),
        (cluster, arena) -> {
          MemorySegment secret = key.copy(arena);
          try {
            return rados_conf_set(cluster, NativeStrings.copy(arena, "key"), secret);
          } finally {
            secret.fill((byte) 0);
          }
        });
  }

  private void eraseKey() {
    if (key != null) {
      key.erase();
      key = null;
    }
  }

  private static void connect(NativeHandle handle) {
    Operation operation = handle.operation("connect to");
    try {
      handle.call(operation, cluster -> rados_connect(cluster));
    } catch (RbdException e) {
      String name = operation.toString().substring(operation.name().length() + 1);
      RbdFailure failure = new RbdFailure(operation.name(), name, e.errno(), null);
      ClusterConnectionException connection = new ClusterConnectionException(failure);
      connection.initCause(e);
      throw connection;
    }
  }

  /** Connects and subscribes to the cluster log until the connection is closed. */
  private static void connectWithLog(NativeHandle handle, String level) {
    connect(handle);
    Upcalls.Registration registration = Upcalls.register(ClusterLog.INSTANCE);
    try {
      handle.callInArena(
          handle.operation("subscribe to the log of"),
          (cluster, arena) ->
              rados_monitor_log2(
                  cluster,
                  NativeStrings.copy(arena, level),
                  Upcalls.clusterLogStub(),
                  registration.argument()));
    } catch (RuntimeException e) {
      registration.close();
      throw e;
    }
    handle.afterClose(registration::close);
  }
}
