package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_compare_and_write;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_discard;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_flush;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_read2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_readv;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write_zeroes;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_writesame;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_writev;

import io.github.rbd4j.bindings.iovec;
import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.SegmentLifetime;
import io.github.rbd4j.internal.Upcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The data operations of an {@link Image} without waiting for them. It is safe for any number of
 * threads. Closing the image waits for what is in flight; what is submitted or queued after that
 * fails with {@link IllegalStateException}.
 *
 * <p>Memory must not be changed until the future is done. Direct buffers, and segments of {@link
 * Arena#ofAuto} and {@link Arena#global}, are handed to librbd as they are and are kept until the
 * operation is done, also when its future is cancelled. All other memory could be freed too early,
 * so that it is copied. Canceling a future does not stop its operation: librbd cannot.
 */
public final class AsyncImage {
  private static final long MAX_TRANSFER = 1L << 30;

  private final NativeHandle handle;
  private final ImageIo data;
  private final AsyncOptions options;
  private final Executor executor;
  private final Semaphore permits;
  private final ConcurrentLinkedQueue<Operation<?>> queue = new ConcurrentLinkedQueue<>();

  AsyncImage(Image image, ImageIo data, AsyncOptions options, Executor executor) {
    this.handle = Handles.of(image);
    this.data = data;
    this.options = options;
    this.executor = executor;
    this.permits = new Semaphore(options.queueDepth());
  }

  // ------------------------------------------------------------------------------------- reads

  /**
   * Reads into native or heap memory.
   *
   * @param offset where to begin, in bytes
   * @param target the memory, filled from its start
   * @return the number of bytes read: the size of the target, or less where the image ends; -1 if
   *     the offset is at or behind the end
   * @throws IllegalArgumentException if the offset is negative, the target is read-only, larger
   *     than 1 GiB, or confined to one thread
   */
  public CompletableFuture<Long> read(long offset, MemorySegment target) {
    return read(offset, target, Set.of());
  }

  /**
   * Reads into native or heap memory, with hints.
   *
   * <p>Implements: {@code int rbd_aio_read2(rbd_image_t image, uint64_t off, size_t len, char *buf,
   * rbd_completion_t c, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param target the memory, filled from its start
   * @param flags the hints
   * @return the number of bytes read: the size of the target, or less where the image ends; -1 if
   *     the offset is at or behind the end
   * @throws IllegalArgumentException if the offset is negative, the target is read-only, larger
   *     than 1 GiB, or confined to one thread
   */
  public CompletableFuture<Long> read(long offset, MemorySegment target, Set<IoFlag> flags) {
    ImageIo.requireNotNegative(offset, "offset");
    requireWritable(target);
    long length = requireTransfer(target.byteSize());
    int mask = (int) NativeFlag.mask(flags);
    MemorySegment memory = nativeFor(target);
    return submit(
        "read",
        (image, completion) -> rbd_aio_read2(image, offset, length, memory, completion, mask),
        (image, result) -> {
          long count = bytesRead(image, result, offset, length);
          if (!memory.equals(target) && count > 0) {
            MemorySegment.copy(memory, 0, target, 0, count);
          }
          return count;
        });
  }

  /**
   * Reads into a buffer, between its position and its limit, and leaves both as they are.
   *
   * @param offset where to begin, in bytes
   * @param target the buffer
   * @return the number of bytes read: what remained in the buffer, or less where the image ends; -1
   *     if the offset is at or behind the end
   * @throws ReadOnlyBufferException if the buffer is read-only
   */
  public CompletableFuture<Long> read(long offset, ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new ReadOnlyBufferException();
    }
    return read(offset, MemorySegment.ofBuffer(target));
  }

  /**
   * Reads one range into several pieces of memory, one after the other.
   *
   * <p>Implements: {@code int rbd_aio_readv(rbd_image_t image, const struct iovec *iov, int iovcnt,
   * uint64_t off, rbd_completion_t c)}
   *
   * @param offset where to begin, in bytes
   * @param targets the pieces
   * @return the number of bytes read: the size of all targets, or less where the image ends; -1 if
   *     the offset is at or behind the end
   */
  public CompletableFuture<Long> readv(long offset, List<MemorySegment> targets) {
    ImageIo.requireNotNegative(offset, "offset");
    targets.forEach(AsyncImage::requireWritable);
    long length = requireTransfer(total(targets));
    List<MemorySegment> memory = targets.stream().map(AsyncImage::nativeFor).toList();
    MemorySegment vector = vector(memory);
    return submit(
        "read",
        (image, completion) -> rbd_aio_readv(image, vector, memory.size(), offset, completion),
        (image, result) -> {
          long count = bytesRead(image, result, offset, length);
          scatter(memory, targets, count);
          return count;
        });
  }

  private static void scatter(List<MemorySegment> memory, List<MemorySegment> targets, long count) {
    long left = count;
    for (int i = 0; i < targets.size() && left > 0; i++) {
      long part = Math.min(left, targets.get(i).byteSize());
      if (!memory.get(i).equals(targets.get(i))) {
        MemorySegment.copy(memory.get(i), 0, targets.get(i), 0, part);
      }
      left -= part;
    }
  }

  /** What a result of a read means; at or behind the end librbd answers EINVAL. */
  private long bytesRead(MemorySegment image, long result, long offset, long length) {
    if (result > 0) {
      return result;
    }
    if (length == 0 && result == 0) {
      return 0;
    }
    if ((result == 0 || result == Errno.EINVAL.result()) && offset >= data.size(image)) {
      return -1;
    }
    return Failures.check(result, handle.operation("read"));
  }

  // ------------------------------------------------------------------------------------ writes

  /**
   * Writes all of some native or heap memory.
   *
   * @param offset where to begin, in bytes
   * @param source the memory
   * @return done when the data is written
   * @throws IllegalArgumentException if the range does not lie within the image or is larger than 1
   *     GiB; nothing is written
   */
  public CompletableFuture<Void> write(long offset, MemorySegment source) {
    return write(offset, source, Set.of());
  }

  /**
   * Writes all of some native or heap memory, with hints.
   *
   * <p>Implements: {@code int rbd_aio_write2(rbd_image_t image, uint64_t off, size_t len, const
   * char *buf, rbd_completion_t c, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param source the memory
   * @param flags the hints
   * @return done when the data is written
   * @throws IllegalArgumentException if the range does not lie within the image or is larger than 1
   *     GiB; nothing is written
   */
  public CompletableFuture<Void> write(long offset, MemorySegment source, Set<IoFlag> flags) {
    long length = requireTransfer(source.byteSize());
    data.requireRange(offset, length);
    int mask = (int) NativeFlag.mask(flags);
    MemorySegment memory = nativeCopyOf(source);
    return submit(
        "write",
        (image, completion) -> rbd_aio_write2(image, offset, length, memory, completion, mask),
        (image, result) -> written(image, result, offset, length, "write"));
  }

  /**
   * Writes what is between the position and the limit of a buffer, and leaves both as they are.
   *
   * @param offset where to begin, in bytes
   * @param source the buffer
   * @return done when the data is written
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   */
  public CompletableFuture<Void> write(long offset, ByteBuffer source) {
    return write(offset, MemorySegment.ofBuffer(source));
  }

  /**
   * Writes several pieces of memory to one range, one after the other.
   *
   * <p>Implements: {@code int rbd_aio_writev(rbd_image_t image, const struct iovec *iov, int
   * iovcnt, uint64_t off, rbd_completion_t c)}
   *
   * @param offset where to begin, in bytes
   * @param sources the pieces
   * @return done when the data is written
   * @throws IllegalArgumentException if the range does not lie within the image; nothing is written
   */
  public CompletableFuture<Void> writev(long offset, List<MemorySegment> sources) {
    long length = requireTransfer(total(sources));
    data.requireRange(offset, length);
    List<MemorySegment> memory = sources.stream().map(AsyncImage::nativeCopyOf).toList();
    MemorySegment vector = vector(memory);
    return submit(
        "write",
        (image, completion) -> rbd_aio_writev(image, vector, memory.size(), offset, completion),
        (image, result) -> written(image, result, offset, length, "write"));
  }

  /**
   * Tells the cluster that a range is not needed any more. See {@link Image#discard}.
   *
   * <p>Implements: {@code int rbd_aio_discard(rbd_image_t image, uint64_t off, uint64_t len,
   * rbd_completion_t c)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @return done when it is discarded
   */
  public CompletableFuture<Void> discard(long offset, long length) {
    data.requireRange(offset, length);
    return submit(
        "discard",
        (image, completion) -> rbd_aio_discard(image, offset, length, completion),
        (image, result) -> written(image, result, offset, length, "discard"));
  }

  /**
   * Makes a range read as zeros. See {@link Image#writeZeroes(long, long, boolean)}.
   *
   * <p>Implements: {@code int rbd_aio_write_zeroes(rbd_image_t image, uint64_t off, size_t len,
   * rbd_completion_t c, int zero_flags, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @param thickProvision whether to allocate the space of the zeros
   * @return done when the zeros are written
   */
  public CompletableFuture<Void> writeZeroes(long offset, long length, boolean thickProvision) {
    data.requireRange(offset, length);
    int flags = thickProvision ? librbd_constants.RBD_WRITE_ZEROES_FLAG_THICK_PROVISION() : 0;
    return submit(
        "write zeroes to",
        (image, completion) -> rbd_aio_write_zeroes(image, offset, length, completion, flags, 0),
        (image, result) -> written(image, result, offset, length, "write zeroes to"));
  }

  /**
   * Fills a range with a repeated pattern. See {@link Image#writeSame(long, long, MemorySegment)}.
   *
   * <p>Implements: {@code int rbd_aio_writesame(rbd_image_t image, uint64_t off, size_t len, const
   * char *buf, size_t data_len, rbd_completion_t c, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes, a multiple of the pattern, at most 1 GiB
   * @param pattern the pattern
   * @return done when the range is filled
   */
  public CompletableFuture<Void> writeSame(long offset, long length, MemorySegment pattern) {
    long unit = pattern.byteSize();
    if (unit == 0 || length % unit != 0) {
      throw new IllegalArgumentException(
          "length " + length + " is not a multiple of the " + unit + " bytes of the pattern");
    }
    requireTransfer(length);
    data.requireRange(offset, length);
    MemorySegment memory = nativeCopyOf(pattern);
    return submit(
        "write the same to",
        (image, completion) ->
            rbd_aio_writesame(image, offset, length, memory, unit, completion, 0),
        (image, result) -> written(image, result, offset, length, "write the same to"));
  }

  /**
   * Writes data if the image holds what is expected. See {@link Image#compareAndWrite(long,
   * MemorySegment, MemorySegment)}.
   *
   * <p>Implements: {@code ssize_t rbd_aio_compare_and_write(rbd_image_t image, uint64_t off, size_t
   * len, const char *cmp_buf, const char *buf, rbd_completion_t c, uint64_t *mismatch_off, int
   * op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold
   * @param replacement what to write then, of the same length
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   */
  public CompletableFuture<OptionalLong> compareAndWrite(
      long offset, MemorySegment expected, MemorySegment replacement) {
    long length = requireTransfer(replacement.byteSize());
    if (expected.byteSize() != length) {
      throw new IllegalArgumentException(
          "expected and data differ in length: " + expected.byteSize() + " and " + length);
    }
    data.requireRange(offset, length);
    MemorySegment old = nativeCopyOf(expected);
    MemorySegment memory = nativeCopyOf(replacement);
    MemorySegment mismatch = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    return submit(
        "compare and write",
        (image, completion) ->
            rbd_aio_compare_and_write(image, offset, length, old, memory, completion, mismatch, 0),
        (image, result) -> {
          if (result == Errno.EILSEQ.result()) {
            return OptionalLong.of(mismatch.get(ValueLayout.JAVA_LONG, 0));
          }
          written(image, result, offset, length, "compare and write");
          return OptionalLong.empty();
        });
  }

  /**
   * Makes every write that was done before safe in the cluster.
   *
   * <p>Implements: {@code int rbd_aio_flush(rbd_image_t image, rbd_completion_t c)}
   *
   * @return done when they are safe
   */
  public CompletableFuture<Void> flush() {
    return submit(
        "flush",
        (image, completion) -> rbd_aio_flush(image, completion),
        (image, result) -> {
          Failures.check(result, handle.operation("flush"));
          return null;
        });
  }

  /**
   * Checks the result of a write. librbd drops what lies behind the end without a word, so that the
   * size is looked at once more, except on a thread of librbd, where that could wait for ever.
   */
  private @Nullable Void written(
      MemorySegment image, long result, long offset, long length, String verb) {
    Failures.check(result, handle.operation(verb));
    if (options.onLibrbdThread()) {
      return null;
    }
    long size = data.size(image);
    if (size - offset < length) {
      long done = Math.max(0, size - offset);
      throw new IncompleteWriteException(
          new RbdFailure(
              verb, "image " + handle.name(), 0, "only " + done + " bytes fit into the image"),
          done);
    }
    return null;
  }

  // ------------------------------------------------------------------------------------ memory

  private static void requireWritable(MemorySegment target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("the target is read-only");
    }
    if (target.isNative() && SegmentLifetime.isConfined(target)) {
      throw new IllegalArgumentException(
          "the target is confined to one thread, but is filled from another one");
    }
  }

  private static long requireTransfer(long length) {
    if (length > MAX_TRANSFER) {
      throw new IllegalArgumentException(
          "length " + length + " is more than 1 GiB: split the operation");
    }
    return length;
  }

  private static long total(List<MemorySegment> segments) {
    if (segments.isEmpty() || segments.size() > 1024) {
      throw new IllegalArgumentException(
          segments.size() + " pieces of memory: 1 to 1024 are possible");
    }
    return segments.stream()
        .mapToLong(MemorySegment::byteSize)
        .reduce(0, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
  }

  /** The memory itself if librbd may keep it, or other memory of that size. */
  private static MemorySegment nativeFor(MemorySegment segment) {
    return segment.isNative() && SegmentLifetime.isManaged(segment)
        ? segment
        : Arena.ofAuto().allocate(segment.byteSize());
  }

  private static MemorySegment nativeCopyOf(MemorySegment source) {
    MemorySegment memory = nativeFor(source);
    return memory.equals(source) ? memory : memory.copyFrom(source);
  }

  private static MemorySegment vector(List<MemorySegment> memory) {
    MemorySegment vector = iovec.allocateArray(memory.size(), Arena.ofAuto());
    for (int i = 0; i < memory.size(); i++) {
      MemorySegment entry = iovec.asSlice(vector, i);
      iovec.iov_base(entry, memory.get(i));
      iovec.iov_len(entry, memory.get(i).byteSize());
    }
    return vector;
  }

  // -------------------------------------------------------------------------------- submission

  @FunctionalInterface
  private interface Submission {
    long to(MemorySegment image, MemorySegment completion);
  }

  @FunctionalInterface
  private interface Finish<T> {
    @Nullable T of(MemorySegment image, long result);
  }

  private <T> CompletableFuture<T> submit(String verb, Submission submission, Finish<T> finish) {
    Operation<T> operation = new Operation<>(verb, submission, finish);
    switch (options.whenFull()) {
      case BLOCK -> {
        Upcalls.refuseInsideCallback(handle);
        permits.acquireUninterruptibly();
        operation.start();
      }
      case FAIL -> {
        if (permits.tryAcquire()) {
          operation.start();
        } else {
          operation.future.completeExceptionally(
              new RejectedExecutionException(
                  options.queueDepth() + " operations are in flight on " + handle));
        }
      }
      case QUEUE -> {
        queue.add(operation);
        startQueued();
      }
    }
    return options.deadline() == null
        ? operation.future
        : operation.future.orTimeout(options.deadline().toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Starts what waits in the queue as long as there is room. */
  private void startQueued() {
    while (!queue.isEmpty() && permits.tryAcquire()) {
      Operation<?> next = queue.poll();
      if (next == null) {
        permits.release();
      } else {
        next.start();
      }
    }
  }

  /**
   * One operation, which holds a permit from its start, and the handle while it is in flight.
   * Through it the memory of the operation is reachable until librbd is done with it.
   */
  private final class Operation<T> {
    final CompletableFuture<T> future = new CompletableFuture<>();
    private final String verb;
    private final Submission submission;
    private final Finish<T> finish;
    private MemorySegment image = MemorySegment.NULL;

    Operation(String verb, Submission submission, Finish<T> finish) {
      this.verb = verb;
      this.submission = submission;
      this.finish = finish;
    }

    void start() {
      try {
        image = handle.acquireForSubmission();
      } catch (IllegalStateException closed) {
        leave();
        future.completeExceptionally(closed);
        return;
      }
      try {
        long refused =
            Completions.submit(completion -> submission.to(image, completion), this::dispatch);
        if (refused < 0) {
          fail(Failures.toException(refused, handle.operation(verb), null));
        }
      } catch (Throwable thrown) {
        fail(thrown);
      }
    }

    private void fail(Throwable thrown) {
      handle.release();
      leave();
      future.completeExceptionally(thrown);
    }

    /** Runs on a thread of librbd. */
    private void dispatch(long result) {
      if (options.onLibrbdThread() && result >= 0) {
        complete(result);
        return;
      }
      try {
        executor.execute(() -> complete(result));
      } catch (Throwable rejected) { // the executor takes no more work, but somebody waits
        complete(result);
      }
    }

    private void complete(long result) {
      @Nullable T value = null;
      Throwable failure = null;
      try {
        value = finish.of(image, result);
      } catch (Throwable thrown) {
        failure = thrown;
      }
      // The handle is released first, so that what depends on the future may close the image.
      handle.release();
      leave();
      if (failure == null) {
        future.complete(value);
      } else {
        future.completeExceptionally(failure);
      }
    }

    private void leave() {
      permits.release();
      startQueued();
    }
  }

  @Override
  public String toString() {
    return "asynchronous " + handle;
  }
}
