package io.github.rbd4j.rados;

import static io.github.rbd4j.bindings.librbd_h.rados_blocklist_add;
import static io.github.rbd4j.bindings.librbd_h.rados_buffer_free;
import static io.github.rbd4j.bindings.librbd_h.rados_cluster_fsid;
import static io.github.rbd4j.bindings.librbd_h.rados_cluster_stat;
import static io.github.rbd4j.bindings.librbd_h.rados_conf_get;
import static io.github.rbd4j.bindings.librbd_h.rados_conf_set;
import static io.github.rbd4j.bindings.librbd_h.rados_get_instance_id;
import static io.github.rbd4j.bindings.librbd_h.rados_getaddrs;
import static io.github.rbd4j.bindings.librbd_h.rados_ioctx_create2;
import static io.github.rbd4j.bindings.librbd_h.rados_ioctx_destroy;
import static io.github.rbd4j.bindings.librbd_h.rados_mgr_command;
import static io.github.rbd4j.bindings.librbd_h.rados_mon_command;
import static io.github.rbd4j.bindings.librbd_h.rados_pool_create;
import static io.github.rbd4j.bindings.librbd_h.rados_pool_delete;
import static io.github.rbd4j.bindings.librbd_h.rados_pool_list;
import static io.github.rbd4j.bindings.librbd_h.rados_pool_lookup;
import static io.github.rbd4j.bindings.librbd_h.rados_pool_reverse_lookup;
import static io.github.rbd4j.bindings.librbd_h.rados_wait_for_latest_osdmap;

import io.github.rbd4j.LibraryVersion;
import io.github.rbd4j.bindings.rados_cluster_stat_t;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Seconds;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Versions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * A connection to a Ceph cluster. It is expensive (some sixteen native threads), safe for any
 * number of threads, and meant to be shared: an application has one for each cluster and client id.
 *
 * <pre>{@code
 * try (Cluster cluster = Cluster.builder().clientId("admin").connect();
 *     IoContext io = cluster.ioContext("rbd")) {
 *   ...
 * }
 * }</pre>
 *
 * <p>Nothing that goes through a connection blocks for ever unless the builder was told so: the
 * connect, monitor and OSD time-outs end it with {@link io.github.rbd4j.OperationTimeoutException}.
 */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class Cluster extends NativeObject {
  /** No reply of a monitor or manager has more bytes. */
  private static final long MAX_TEXT = 256L << 20;

  private final NativeHandle handle;
  private final Executor executor;

  Cluster(NativeHandle handle, Executor executor) {
    super(handle);
    this.handle = handle;
    this.executor = executor;
  }

  /**
   * What runs the listeners of watches and completes futures, see {@link ClusterBuilder#executor}.
   *
   * @return the executor that the builder was given, or one that starts a virtual thread each time
   */
  public Executor executor() {
    return executor;
  }

  /**
   * Begins to describe a connection.
   *
   * @return a builder with the defaults of Ceph: user {@code client.admin}, and the configuration
   *     file that {@code CEPH_CONF} names or that lies in the standard places
   */
  public static ClusterBuilder builder() {
    return new ClusterBuilder();
  }

  /**
   * The version of the loaded librados.
   *
   * <p>Implements: {@code void rados_version(int *major, int *minor, int *extra)}
   *
   * @return the version
   */
  public static LibraryVersion libradosVersion() {
    return Versions.librados();
  }

  /**
   * The id of the cluster.
   *
   * <p>Implements: {@code int rados_cluster_fsid(rados_t cluster, char *buf, size_t len)}
   *
   * @return the fsid
   */
  public UUID fsid() {
    String fsid =
        handle.use(
            (cluster, arena) ->
                SizedBuffer.fetchString(
                    handle.operation("get the fsid of"),
                    Sizing.VALUE,
                    b -> rados_cluster_fsid(cluster, b.data(0), b.capacity(0))));
    return UUID.fromString(fsid);
  }

  /**
   * The number by which the cluster knows this connection; it is part of the address in watcher and
   * lock lists and in the blocklist.
   *
   * <p>Implements: {@code uint64_t rados_get_instance_id(rados_t cluster)}
   *
   * @return the global id of this client
   */
  public long instanceId() {
    return handle.use((cluster, arena) -> rados_get_instance_id(cluster));
  }

  /**
   * The addresses of this client as the cluster sees them.
   *
   * <p>Implements: {@code int rados_getaddrs(rados_t cluster, char **addrs)}, with {@code void
   * rados_buffer_free(char *buf)}
   *
   * @return the addresses, for instance {@code 127.0.0.1:0/123456}
   */
  public String addresses() {
    return handle.use(
        (cluster, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          Failures.check(
              rados_getaddrs(cluster, out), handle.operation("get the client addresses of"));
          MemorySegment text = out.get(ValueLayout.ADDRESS, 0);
          try {
            return NativeStrings.read(text);
          } finally {
            rados_buffer_free(text);
          }
        });
  }

  /**
   * Reads a configuration option as this connection has it.
   *
   * <p>Implements: {@code int rados_conf_get(rados_t cluster, const char *option, char *buf, size_t
   * len)}
   *
   * @param option the name of the option, for instance {@code rbd_cache}
   * @return its value
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such option
   */
  public String config(String option) {
    return config(handle, NativeStrings.requireOption(option, "option"));
  }

  static String config(NativeHandle handle, String option) {
    return handle.use(
        (cluster, arena) -> {
          MemorySegment name = NativeStrings.copy(arena, option);
          return SizedBuffer.fetchString(
              handle.operation("get configuration").on(Subject.OTHER, "option " + option),
              Sizing.VALUE,
              b -> rados_conf_get(cluster, name, b.data(0), b.capacity(0)));
        });
  }

  /**
   * Sets a configuration option of this connection. Some options are read only while connecting:
   * set those with {@link ClusterBuilder#option}.
   *
   * <p>Implements: {@code int rados_conf_set(rados_t cluster, const char *option, const char
   * *value)}
   *
   * @param option the name of the option
   * @param value its value
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such option
   * @throws io.github.rbd4j.InvalidRequestException if the value does not fit the option
   * @throws io.github.rbd4j.PermissionDeniedException if the option can be set only before
   *     connecting
   */
  public void setConfig(String option, String value) {
    String name = NativeStrings.requireOption(option, "option");
    setConfig(handle, name, NativeStrings.requireConfig(option, value));
  }

  static void setConfig(NativeHandle handle, String option, String value) {
    handle.callInArena(
        handle.operation("set configuration").on(Subject.OTHER, "option " + option),
        (cluster, arena) ->
            rados_conf_set(
                cluster, NativeStrings.copy(arena, option), NativeStrings.copy(arena, value)));
  }

  /**
   * How full the cluster is.
   *
   * <p>Implements: {@code int rados_cluster_stat(rados_t cluster, struct rados_cluster_stat_t
   * *result)}
   *
   * @return capacity and use
   */
  public ClusterStats stats() {
    return handle.use(
        (cluster, arena) -> {
          MemorySegment stat = rados_cluster_stat_t.allocate(arena);
          Failures.check(
              rados_cluster_stat(cluster, stat), handle.operation("get the statistics of"));
          return new ClusterStats(
              rados_cluster_stat_t.kb(stat) * 1024,
              rados_cluster_stat_t.kb_used(stat) * 1024,
              rados_cluster_stat_t.kb_avail(stat) * 1024,
              rados_cluster_stat_t.num_objects(stat));
        });
  }

  /**
   * Waits until this client knows the newest map of the OSDs, and so every pool.
   *
   * <p>Implements: {@code int rados_wait_for_latest_osdmap(rados_t cluster)}
   */
  public void awaitLatestOsdMap() {
    handle.call(
        handle.operation("wait for the latest OSD map of"),
        cluster -> rados_wait_for_latest_osdmap(cluster));
  }

  /**
   * The pools of the cluster, of any application.
   *
   * <p>Implements: {@code int rados_pool_list(rados_t cluster, char *buf, size_t len)}
   *
   * @return the names of the pools
   */
  public List<String> pools() {
    return handle.use(
        (cluster, arena) ->
            SizedBuffer.fetchNames(
                handle.operation("list the pools of"),
                Sizing.RETURNED,
                b -> rados_pool_list(cluster, b.data(0), b.capacity(0))));
  }

  /**
   * Creates a pool with the default number of placement groups and the default rule. It can hold
   * images once {@link io.github.rbd4j.Rbd#initPool} was called for it.
   *
   * <p>Implements: {@code int rados_pool_create(rados_t cluster, const char *pool_name)}
   *
   * @param pool the name of the new pool
   * @throws io.github.rbd4j.ObjectExistsException if there is one of that name
   */
  public void createPool(String pool) {
    NativeStrings.requireName(pool, "pool");
    handle.callInArena(
        handle.operation("create").on(Subject.POOL, pool),
        (cluster, arena) -> rados_pool_create(cluster, NativeStrings.copy(arena, pool)));
  }

  /**
   * Deletes a pool with all that is in it. The cluster must allow that ({@code mon allow pool
   * delete}).
   *
   * <p>Implements: {@code int rados_pool_delete(rados_t cluster, const char *pool_name)}
   *
   * @param pool the name of the pool
   * @throws io.github.rbd4j.PoolNotFoundException if there is none of that name
   * @throws io.github.rbd4j.PermissionDeniedException if the cluster does not allow it
   */
  public void deletePool(String pool) {
    NativeStrings.requireName(pool, "pool");
    handle.callInArena(
        handle.operation("delete").on(Subject.POOL, pool),
        (cluster, arena) -> rados_pool_delete(cluster, NativeStrings.copy(arena, pool)));
  }

  /**
   * Finds a pool by its name.
   *
   * <p>Implements: {@code int64_t rados_pool_lookup(rados_t cluster, const char *pool_name)}
   *
   * @param pool the name of the pool
   * @return the pool
   * @throws io.github.rbd4j.PoolNotFoundException if there is none of that name
   */
  public Pool pool(String pool) {
    NativeStrings.requireName(pool, "pool");
    long id =
        handle.callInArena(
            handle.operation("look up").on(Subject.POOL, pool),
            (cluster, arena) -> rados_pool_lookup(cluster, NativeStrings.copy(arena, pool)));
    return new Pool(id, pool);
  }

  /**
   * Finds a pool by its number.
   *
   * <p>Implements: {@code int rados_pool_reverse_lookup(rados_t cluster, int64_t id, char *buf,
   * size_t maxlen)}
   *
   * @param id the number of the pool
   * @return the pool
   * @throws io.github.rbd4j.PoolNotFoundException if there is none of that number
   */
  public Pool pool(long id) {
    String name =
        handle.use(
            (cluster, arena) ->
                SizedBuffer.fetchString(
                    handle.operation("look up").on(Subject.POOL, "number " + id),
                    Sizing.VALUE,
                    b -> rados_pool_reverse_lookup(cluster, id, b.data(0), b.capacity(0))));
    return new Pool(id, name);
  }

  /**
   * Opens a pool with its default namespace.
   *
   * @param pool the name of the pool
   * @return the open pool; close it when done
   * @throws io.github.rbd4j.PoolNotFoundException if there is none of that name
   */
  public IoContext ioContext(String pool) {
    return ioContext(pool, "");
  }

  /**
   * Opens a pool with a namespace of it. That the namespace exists is not checked.
   *
   * <p>Implements: {@code int rados_ioctx_create2(rados_t cluster, int64_t pool_id, rados_ioctx_t
   * *ioctx)}, with {@code void rados_ioctx_destroy(rados_ioctx_t io)}
   *
   * @param pool the name of the pool
   * @param namespace the RADOS namespace, empty for the default one
   * @return the open pool; close it when done
   * @throws io.github.rbd4j.PoolNotFoundException if there is none of that name
   */
  public IoContext ioContext(String pool, String namespace) {
    NativeStrings.require(namespace, "namespace");
    return open(pool(pool), namespace);
  }

  IoContext open(Pool pool, String namespace) {
    return handle.use(
        (cluster, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          Failures.check(
              rados_ioctx_create2(cluster, pool.id(), out),
              handle.operation("open").on(Subject.POOL, pool.name()));
          MemorySegment pointer = out.get(ValueLayout.ADDRESS, 0);
          IoContext.setNamespace(pointer, namespace, arena);
          String name = namespace.isEmpty() ? pool.name() : pool.name() + "/" + namespace;
          NativeHandle child =
              new NativeHandle(
                  handle,
                  Subject.POOL,
                  name,
                  pointer,
                  io -> {
                    rados_ioctx_destroy(io);
                    return 0;
                  });
          return new IoContext(this, child, pool, namespace);
        });
  }

  /**
   * Keeps a client from touching the cluster. It is how a client that may still be alive is fenced.
   *
   * <p>Implements: {@code int rados_blocklist_add(rados_t cluster, char *client_address, uint32_t
   * expire_seconds)}
   *
   * @param clientAddress the address of the client, as lists of watchers and locks name it
   * @param expiry for how long, rounded up to whole seconds; {@link Duration#ZERO} for the
   *     cluster's default
   * @throws IllegalArgumentException if the expiry is negative or longer than 68 years
   */
  public void blocklist(String clientAddress, Duration expiry) {
    NativeStrings.requireName(clientAddress, "clientAddress");
    long seconds = Seconds.roundedUp(expiry);
    if (expiry.isNegative() || seconds > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("expiry " + expiry + " is out of range");
    }
    handle.callInArena(
        handle.operation("blocklist").on(Subject.OTHER, "client " + clientAddress),
        (cluster, arena) ->
            rados_blocklist_add(cluster, NativeStrings.copy(arena, clientAddress), (int) seconds));
  }

  /**
   * Sends a command to the monitors.
   *
   * @param json the command, for instance {@code {"prefix": "osd tree", "format": "json"}}
   * @return the reply
   * @throws io.github.rbd4j.RbdException if the command fails; the message has what the monitor
   *     said
   */
  public CommandReply monCommand(String json) {
    return monCommand(json, new byte[0]);
  }

  /**
   * Sends a command with input data to the monitors.
   *
   * <p>Implements: {@code int rados_mon_command(rados_t cluster, const char **cmd, size_t cmdlen,
   * const char *inbuf, size_t inbuflen, char **outbuf, size_t *outbuflen, char **outs, size_t
   * *outslen)}
   *
   * @param json the command
   * @param input what the command reads, for instance a map
   * @return the reply
   * @throws io.github.rbd4j.RbdException if the command fails; the message has what the monitor
   *     said
   */
  public CommandReply monCommand(String json, byte[] input) {
    return command("run a monitor command on", json, input, CommandFunction.MON);
  }

  /**
   * Sends a command to the manager.
   *
   * @param json the command, for instance {@code {"prefix": "rbd task list"}}
   * @return the reply
   * @throws io.github.rbd4j.RbdException if the command fails; the message has what the manager
   *     said
   */
  public CommandReply mgrCommand(String json) {
    return mgrCommand(json, new byte[0]);
  }

  /**
   * Sends a command with input data to the manager.
   *
   * <p>Implements: {@code int rados_mgr_command(rados_t cluster, const char **cmd, size_t cmdlen,
   * const char *inbuf, size_t inbuflen, char **outbuf, size_t *outbuflen, char **outs, size_t
   * *outslen)}
   *
   * @param json the command
   * @param input what the command reads
   * @return the reply
   * @throws io.github.rbd4j.RbdException if the command fails; the message has what the manager
   *     said
   */
  public CommandReply mgrCommand(String json, byte[] input) {
    return command("run a manager command on", json, input, CommandFunction.MGR);
  }

  @FunctionalInterface
  private interface CommandFunction {
    CommandFunction MON =
        (cluster, cmd, in, length, out) ->
            rados_mon_command(
                cluster, cmd, 1, in, length, out, out.asSlice(8), out.asSlice(16), out.asSlice(24));
    CommandFunction MGR =
        (cluster, cmd, in, length, out) ->
            rados_mgr_command(
                cluster, cmd, 1, in, length, out, out.asSlice(8), out.asSlice(16), out.asSlice(24));

    /** {@code out} has room for the output pointer and length, the status pointer and length. */
    int call(
        MemorySegment cluster, MemorySegment cmd, MemorySegment in, long length, MemorySegment out);
  }

  private CommandReply command(String verb, String json, byte[] input, CommandFunction function) {
    NativeStrings.requireName(json, "json");
    Objects.requireNonNull(input, "input");
    Operation operation = handle.operation(verb);
    return handle.use(
        (cluster, arena) -> {
          MemorySegment commands = arena.allocate(ValueLayout.ADDRESS);
          commands.set(ValueLayout.ADDRESS, 0, NativeStrings.copy(arena, json));
          MemorySegment in = copy(arena, input);
          MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 4);
          int result = function.call(cluster, commands, in, input.length, out);
          CommandReply reply =
              new CommandReply(takeText(operation, out), takeText(operation, out.asSlice(16)));
          if (result < 0) {
            throw Failures.toException(result, operation, reply.status());
          }
          return reply;
        });
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    return bytes.length == 0
        ? MemorySegment.NULL
        : arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  /** Reads and frees a text that librados allocated: a pointer, then a length. */
  @SuppressWarnings("restricted")
  private static String takeText(Operation operation, MemorySegment pointerAndLength) {
    MemorySegment pointer = pointerAndLength.get(ValueLayout.ADDRESS, 0);
    long length = pointerAndLength.get(ValueLayout.JAVA_LONG, 8);
    if (pointer.address() == 0) {
      return "";
    }
    try {
      Failures.checkCount(length, MAX_TEXT, operation);
      byte[] bytes = pointer.reinterpret(length).toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.UTF_8);
    } finally {
      rados_buffer_free(pointer);
    }
  }

  /**
   * Closes every open pool and image of this connection, then the connection.
   *
   * <p>Implements: {@code void rados_shutdown(rados_t cluster)}
   *
   * @throws IllegalStateException if called from inside a callback of the native library
   */
  @Override
  public void close() {
    super.close();
  }
}
