package io.github.rbd4j.rados;

import static io.github.rbd4j.bindings.librbd_h.rados_application_enable;
import static io.github.rbd4j.bindings.librbd_h.rados_ioctx_pool_stat;
import static io.github.rbd4j.bindings.librbd_h.rados_ioctx_set_namespace;

import io.github.rbd4j.bindings.rados_pool_stat_t;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeObject;
import io.github.rbd4j.internal.NativeStrings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An open pool together with a RADOS namespace of it. It is immutable and safe for any number of
 * threads. Images that were opened through it are closed with it.
 */
@SuppressWarnings("exports") // the base class is an implementation detail
public final class IoContext extends NativeObject {
  private final Cluster cluster;
  private final NativeHandle handle;
  private final Pool pool;
  private final String namespace;

  IoContext(Cluster cluster, NativeHandle handle, Pool pool, String namespace) {
    super(handle);
    this.cluster = cluster;
    this.handle = handle;
    this.pool = pool;
    this.namespace = namespace;
  }

  /**
   * Sets the namespace of a context that nobody uses yet.
   *
   * <p>Implements: {@code void rados_ioctx_set_namespace(rados_ioctx_t io, const char *nspace)}
   */
  static void setNamespace(MemorySegment pointer, String namespace, Arena arena) {
    if (!namespace.isEmpty()) {
      rados_ioctx_set_namespace(pointer, NativeStrings.copy(arena, namespace));
    }
  }

  /**
   * The connection that this pool was opened from.
   *
   * @return the connection
   */
  public Cluster cluster() {
    return cluster;
  }

  /**
   * The number of the pool.
   *
   * @return its id
   */
  public long poolId() {
    return pool.id();
  }

  /**
   * The name of the pool when it was opened.
   *
   * @return its name
   */
  public String poolName() {
    return pool.name();
  }

  /**
   * The RADOS namespace.
   *
   * @return its name, empty for the default namespace
   */
  public String namespace() {
    return namespace;
  }

  /**
   * Opens the same pool with another namespace. That the namespace exists is not checked.
   *
   * @param other the RADOS namespace, empty for the default one
   * @return another open pool; close it when done
   */
  public IoContext withNamespace(String other) {
    NativeStrings.require(other, "namespace");
    return cluster.open(pool, other);
  }

  /**
   * Marks the pool as used by an application, as {@code ceph osd pool application enable} does.
   *
   * <p>Implements: {@code int rados_application_enable(rados_ioctx_t io, const char *app_name, int
   * force)}
   *
   * @param application the application, for images {@code rbd}
   * @param force also when the pool has another application already
   */
  public void enableApplication(String application, boolean force) {
    NativeStrings.requireName(application, "application");
    handle.callInArena(
        handle.operation("enable an application of"),
        (io, arena) ->
            rados_application_enable(io, NativeStrings.copy(arena, application), force ? 1 : 0));
  }

  /**
   * What the pool holds, all its namespaces together.
   *
   * <p>Implements: {@code int rados_ioctx_pool_stat(rados_ioctx_t io, struct rados_pool_stat_t
   * *stats)}
   *
   * @return its statistics, which the cluster updates every few seconds
   */
  public PoolStats stats() {
    return handle.use(
        (io, arena) -> {
          MemorySegment stat = rados_pool_stat_t.allocate(arena);
          Failures.check(
              rados_ioctx_pool_stat(io, stat), handle.operation("get the statistics of"));
          return new PoolStats(
              rados_pool_stat_t.num_bytes(stat),
              rados_pool_stat_t.num_objects(stat),
              rados_pool_stat_t.num_object_clones(stat),
              rados_pool_stat_t.num_object_copies(stat),
              rados_pool_stat_t.num_objects_missing_on_primary(stat),
              rados_pool_stat_t.num_objects_unfound(stat),
              rados_pool_stat_t.num_objects_degraded(stat),
              rados_pool_stat_t.num_rd(stat),
              rados_pool_stat_t.num_rd_kb(stat) * 1024,
              rados_pool_stat_t.num_wr(stat),
              rados_pool_stat_t.num_wr_kb(stat) * 1024);
        });
  }
}
