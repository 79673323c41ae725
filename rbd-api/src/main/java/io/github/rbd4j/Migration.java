package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_migration_abort_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_commit_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_execute_with_progress;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_prepare;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_prepare_import;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_status;
import static io.github.rbd4j.bindings.librbd_h.rbd_migration_status_cleanup;

import io.github.rbd4j.bindings.rbd_image_migration_status_t;
import io.github.rbd4j.internal.CopiedSnapshots;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NestedJson;
import io.github.rbd4j.internal.OffCarrier;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.RemovedSnapshots;
import io.github.rbd4j.internal.SameCluster;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.LongUnaryOperator;

/**
 * Moves images to another pool, namespace or layout while they are used, or imports them: prepare,
 * use the target at once, execute (copy the data), commit; or abort.
 */
public final class Migration {
  private final Rbd rbd;
  private final NativeHandle handle;

  Migration(Rbd rbd) {
    this.rbd = rbd;
    this.handle = Handles.of(rbd.ioContext());
  }

  /**
   * Begins to move an image of this pool. From now on it is used under its new name.
   *
   * <p>librbd leaves out data, in silence, while OSDs are still removing a snapshot of the image,
   * which goes on for a while after its removal has returned. So this waits for them, for a minute
   * at most or until this thread is interrupted. It waits for whatever is being removed in the pool
   * when it begins and could be of this image, and not at all if the image has no snapshots, or if
   * the user may not know what is being removed (the monitors' {@code osd dump}).
   *
   * <p>Implements: {@code int rbd_migration_prepare(rados_ioctx_t ioctx, const char *image_name,
   * rados_ioctx_t dest_ioctx, const char *dest_image_name, rbd_image_options_t opts)}
   *
   * @param name its name
   * @param target where it goes
   * @param targetName its name there, without {@code /} and {@code @}
   * @param options how it shall be
   * @throws ImageNotFoundException if there is none of that name
   * @throws ImageBusyException if somebody has it open, or OSDs are still removing a snapshot
   * @throws IllegalArgumentException if the target is in another cluster; see {@link
   *     #prepareImport}
   */
  public void prepare(String name, Rbd target, String targetName, ImageOptions options) {
    NativeStrings.requireName(name, "name");
    NativeStrings.requireNewName(targetName, "targetName");
    SameCluster.require(rbd.ioContext().cluster(), target.ioContext().cluster());
    ImageOptions now = options.copy(); // they must not change in between
    Operation operation = rbd.imageOperation("prepare the migration of", name);
    awaitRemovedSnapshots(operation, name);
    now.use(
        opts ->
            Handles.of(target.ioContext())
                .use(
                    (targetPool, _) ->
                        handle.callInArena(
                            operation,
                            (pool, arena) ->
                                rbd_migration_prepare(
                                    pool,
                                    NativeStrings.copy(arena, name),
                                    targetPool,
                                    NativeStrings.copy(arena, targetName),
                                    opts))));
  }

  private void awaitRemovedSnapshots(Operation operation, String name) {
    Upcalls.refuseInsideCallback(handle);
    try (Image image = rbd.openReadOnly(name)) {
      if (!RemovedSnapshots.await(image)) {
        throw Failures.toException(
            Errno.EBUSY.result(), operation, "OSDs are still removing snapshots in its pool");
      }
    } catch (ImageNotFoundException e) {
      throw Failures.toException(Errno.ENOENT.result(), operation, null);
    }
  }

  /**
   * Begins to import an image into this pool, from another cluster, a file or a URL.
   *
   * <p>Implements: {@code int rbd_migration_prepare_import(const char *source_spec, rados_ioctx_t
   * dest_ioctx, const char *dest_image_name, rbd_image_options_t opts)}
   *
   * @param sourceSpec the source in JSON, for instance {@code {"type": "raw", "stream": {"type":
   *     "file", "file_path": "/image.raw"}}}
   * @param targetName the name of the new image, without {@code /} and {@code @}
   * @param options how it shall be
   * @throws IllegalArgumentException if it has more than 65,536 characters, or more than 64 levels
   * @throws InvalidRequestException if the source makes no sense
   * @throws FunctionNotSupportedException if the loaded librbd does not know this kind of source
   */
  public void prepareImport(String sourceSpec, String targetName, ImageOptions options) {
    NestedJson.require(NativeStrings.requireName(sourceSpec, "sourceSpec"), "sourceSpec");
    NativeStrings.requireNewName(targetName, "targetName");
    options.use(
        opts ->
            handle.callInArena(
                rbd.imageOperation("prepare the import of", targetName),
                (pool, arena) ->
                    rbd_migration_prepare_import(
                        NativeStrings.copy(arena, sourceSpec),
                        pool,
                        NativeStrings.copy(arena, targetName),
                        opts)));
  }

  /**
   * Copies the data.
   *
   * @param name the name of the target, in this pool
   * @throws ImageNotFoundException if there is none of that name
   */
  public void execute(String name) {
    execute(name, ProgressListener.NONE);
  }

  /**
   * Copies the data. An exception out of the listener comes out of here when the copy is done:
   * librbd does not stop it. If the source is in this cluster, what has been copied of its
   * snapshots is compared with it, see {@link #commit(String, ProgressListener)}.
   *
   * <p>Implements: {@code int rbd_migration_execute_with_progress(rados_ioctx_t ioctx, const char
   * *image_name, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param name the name of the target, in this pool
   * @param listener told how far it is
   * @throws ImageNotFoundException if there is none of that name
   * @throws IncompleteCopyException if librbd has left out data of a snapshot: abort the migration
   */
  public void execute(String name, ProgressListener listener) {
    NativeStrings.requireName(name, "name");
    Operation operation = rbd.imageOperation("execute the migration of", name);
    handle.callWithProgress(
        operation,
        listener,
        (pool, arena, argument) ->
            rbd_migration_execute_with_progress(
                pool, NativeStrings.copy(arena, name), Upcalls.progressStub(), argument));
    requireSameSnapshots(operation, name);
  }

  /**
   * Undoes a migration that is not committed: the image has its old name and place again. What was
   * written to the target is written to the source; snapshots that were taken of it are lost.
   *
   * @param name the name of the target, in this pool
   * @throws ImageNotFoundException if there is none of that name
   */
  public void abort(String name) {
    abort(name, ProgressListener.NONE);
  }

  /**
   * Undoes a migration that is not committed: the image has its old name and place again. What was
   * written to the target is written to the source; snapshots that were taken of it are lost. An
   * import just ends. An exception out of the listener stops it, and leaves images that can only be
   * aborted: call again.
   *
   * <p>Implements: {@code int rbd_migration_abort_with_progress(rados_ioctx_t ioctx, const char
   * *image_name, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param name the name of the target, in this pool
   * @param listener told how far it is
   * @throws ImageNotFoundException if there is none of that name
   */
  public void abort(String name, ProgressListener listener) {
    NativeStrings.requireName(name, "name");
    handle.callWithProgress(
        rbd.imageOperation("abort the migration of", name),
        listener,
        (pool, arena, argument) ->
            rbd_migration_abort_with_progress(
                pool, NativeStrings.copy(arena, name), Upcalls.progressStub(), argument));
  }

  /**
   * Ends a migration whose data is copied: the source is removed.
   *
   * @param name the name of the target, in this pool
   * @throws ImageNotFoundException if there is none of that name
   * @throws InvalidRequestException if the data is not copied, or it is not being migrated
   */
  public void commit(String name) {
    commit(name, ProgressListener.NONE);
  }

  /**
   * Ends a migration whose data is copied: the source is removed. An exception out of the listener
   * comes out of here when that is done. librbd is not stopped: it would leave a source in the
   * trash that nobody can remove.
   *
   * <p>If the source is in this cluster, its snapshots are compared first with those of the same
   * name of the target, as far as it still has them. If one of them was removed there and taken
   * anew, give it another name until the migration is done.
   *
   * <p>Implements: {@code int rbd_migration_commit_with_progress(rados_ioctx_t ioctx, const char
   * *image_name, librbd_progress_fn_t cb, void *cbdata)}
   *
   * @param name the name of the target, in this pool
   * @param listener told how far it is
   * @throws ImageNotFoundException if there is none of that name
   * @throws InvalidRequestException if the data is not copied, or it is not being migrated
   * @throws IncompleteCopyException if a snapshot of the target differs; nothing was removed
   */
  public void commit(String name, ProgressListener listener) {
    NativeStrings.requireName(name, "name");
    UnstoppedListener unstopped =
        new UnstoppedListener(Objects.requireNonNull(listener, "listener"));
    Operation operation = rbd.imageOperation("commit the migration of", name);
    Upcalls.refuseInsideCallback(handle);
    requireSameSnapshots(operation, name);
    handle.callWithProgress(
        operation,
        unstopped,
        (pool, arena, argument) ->
            rbd_migration_commit_with_progress(
                pool, NativeStrings.copy(arena, name), Upcalls.progressStub(), argument));
    unstopped.rethrow();
  }

  /** Compares what of the source there still is, unless it is not in this cluster. */
  private void requireSameSnapshots(Operation operation, String name) {
    MigrationStatus status = status(name, operation, LongUnaryOperator.identity());
    Cluster cluster = rbd.ioContext().cluster();
    if (status.state() != MigrationState.EXECUTED || status.sourcePoolId() < 0) {
      return;
    }
    String pool = cluster.pool(status.sourcePoolId()).name();
    if (pool.isEmpty() || (status.sourceId().isEmpty() && status.sourceName().isEmpty())) {
      return; // an answer that makes no sense
    }
    try (IoContext io = cluster.ioContext(pool, status.sourceNamespace());
        Image source = openSource(new Rbd(io), status);
        Image target = rbd.openReadOnly(name)) {
      OffCarrier.run(() -> new CopiedSnapshots(operation, source, target).requireSame());
    } catch (ImageNotFoundException removed) {
      // by a commit that did not come to its end
    }
  }

  private static Image openSource(Rbd pool, MigrationStatus status) {
    return status.sourceId().isEmpty()
        ? pool.openReadOnly(status.sourceName())
        : pool.openById(status.sourceId(), OpenOptions.forReading());
  }

  /**
   * Tells how far a migration is.
   *
   * <p>Implements: {@code int rbd_migration_status(rados_ioctx_t ioctx, const char *image_name,
   * rbd_image_migration_status_t *status, size_t status_size)}, with {@code void
   * rbd_migration_status_cleanup(rbd_image_migration_status_t *status)}
   *
   * @param name the name of the target, in this pool
   * @return the status
   * @throws ObjectNotFoundException if there is no image of that name, or it is not being migrated
   */
  public MigrationStatus status(String name) {
    NativeStrings.requireName(name, "name");
    return status(
        name,
        handle
            .operation("get the status of")
            .on(Subject.OTHER, "the migration of image " + rbd.imageName(name)),
        Migration::notFoundIfNotMigrating);
  }

  private MigrationStatus status(String name, Operation operation, LongUnaryOperator meaning) {
    return handle.use(
        (pool, arena) -> {
          MemorySegment s = rbd_image_migration_status_t.allocate(arena);
          Failures.check(
              meaning.applyAsLong(
                  rbd_migration_status(pool, NativeStrings.copy(arena, name), s, s.byteSize())),
              operation);
          try {
            int state = rbd_image_migration_status_t.state(s);
            return new MigrationStatus(
                rbd_image_migration_status_t.source_pool_id(s),
                NativeStrings.read(rbd_image_migration_status_t.source_pool_namespace(s)),
                NativeStrings.read(rbd_image_migration_status_t.source_image_name(s)),
                NativeStrings.read(rbd_image_migration_status_t.source_image_id(s)),
                rbd_image_migration_status_t.dest_pool_id(s),
                NativeStrings.read(rbd_image_migration_status_t.dest_pool_namespace(s)),
                NativeStrings.read(rbd_image_migration_status_t.dest_image_name(s)),
                NativeStrings.read(rbd_image_migration_status_t.dest_image_id(s)),
                MigrationState.of(state),
                state,
                NativeStrings.read(rbd_image_migration_status_t.state_description(s)));
          } finally {
            rbd_migration_status_cleanup(s);
          }
        });
  }

  /** The result of asking about a migration; librbd says EINVAL when there is only an image. */
  static long notFoundIfNotMigrating(long result) {
    return result == Errno.EINVAL.result() ? Errno.ENOENT.result() : result;
  }

  @Override
  public String toString() {
    return "migrations of " + rbd.ioContext();
  }
}
