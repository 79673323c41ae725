package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_compare_and_write;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_compare_and_writev;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_discard;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_flush;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_read2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_readv;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write_with_crc32c;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write_zeroes;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_writesame;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_writev;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.SegmentLifetime;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.jfr.ImageOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The data operations of an {@link Image} without waiting for them. It is safe for any number of
 * threads.
 *
 * <p><b>Memory</b> must not be changed while librbd uses it: until the future is done, unless it
 * was cancelled, or failed with {@link java.util.concurrent.TimeoutException}, or because the image
 * was closed. After these, librbd may still read and write the memory, and nothing tells when it is
 * done with it other than the end of {@link Image#close}: do not use it again. It is freed when
 * librbd is done, too, and nothing else refers to it. Direct buffers, and segments of {@link
 * Arena#ofAuto} and {@link Arena#global}, are handed to librbd as they are and are kept until then.
 * All other memory could be freed too early, so that it is copied through staging memory, which
 * {@link AsyncOptions#stagingBytes} bounds.
 *
 * <p><b>Errors</b> in the arguments are thrown: {@link IllegalArgumentException}, also if a range
 * does not lie within the image, and {@link UnsupportedOperationException}. All else fails the
 * future: what librbd reports, a closed image, a full queue, a deadline.
 *
 * <p><b>Cancelling</b> a future does not stop an operation that is in flight: librbd cannot. It
 * keeps its place and its memory until librbd is done. An operation that still waits for a place is
 * not done. The same holds for a future whose deadline is over; set one for a single call with
 * {@link #withDeadline}. Who waits for a place in {@link AsyncOptions.WhenFull#BLOCK} and is
 * interrupted gets a future that failed with {@link InterruptedException}, and stays interrupted.
 *
 * <p><b>Closing</b> the image waits for what is in flight. What waits for a place then, and what is
 * submitted later, fails with {@link IllegalStateException}. If what is in flight does not end
 * within {@link AsyncOptions#drainTimeout}, its futures fail; the close itself still waits for
 * librbd, as long as the time-outs of the connection allow, because librbd would go on using freed
 * memory.
 *
 * <p><b>Futures</b> complete on the executor of the connection, by default on a virtual thread
 * each, where anything may be done. Only those of what was not in flight, or still is, complete on
 * a virtual thread in any case; and so do those of changes, and of reads that gave nothing, if the
 * executor runs tasks on the thread of librbd that brings them: librbd is asked for the size of the
 * image, which must not be done there.
 */
public final class AsyncImage {
  private final NativeHandle handle;
  private final ImageIo data;
  private final InFlight inFlight;
  private final Executor executor;
  private final AsyncOptions options;
  private final AsyncQueue queue;

  AsyncImage(
      NativeHandle handle,
      ImageIo data,
      InFlight inFlight,
      Executor executor,
      AsyncOptions options,
      AsyncQueue queue) {
    this.handle = handle;
    this.data = data;
    this.inFlight = inFlight;
    this.executor = executor;
    this.options = options;
    this.queue = queue;
  }

  /**
   * The same with another deadline, for one call or for many. It shares the queue, and so the
   * bounds, with this one.
   *
   * @param deadline after which time, counted from the call, a future fails with {@link
   *     java.util.concurrent.TimeoutException}
   * @return a view of the same image
   */
  public AsyncImage withDeadline(Duration deadline) {
    return new AsyncImage(
        handle,
        data,
        inFlight,
        executor,
        options.deadline(Objects.requireNonNull(deadline, "deadline")),
        queue);
  }

  NativeHandle handle() {
    return handle;
  }

  InFlight inFlight() {
    return inFlight;
  }

  Executor executor() {
    return Objects.requireNonNullElse(options.executor(), executor);
  }

  AsyncOptions options() {
    return options;
  }

  AsyncQueue queue() {
    return queue;
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
    Ranges.requireNotNegative(offset, "offset");
    requireWritable(target);
    long length = Ranges.requireTransfer(target.byteSize());
    int mask = (int) NativeFlag.mask(flags);
    Scratch scratch = new Scratch();
    Scratch.Piece memory = scratch.piece(target);
    AsyncOperation.Submission submission =
        (image, completion) ->
            rbd_aio_read2(image, offset, length, memory.target(), completion, mask);
    return submit(
        ImageOperation.READ,
        offset,
        length,
        data.looksAtPresence(),
        scratch,
        submission,
        (image, result) -> {
          long count = bytesRead(image, result, offset, length, submission);
          if (count > 0) {
            memory.deliver(count);
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
    Ranges.requireNotNegative(offset, "offset");
    List<MemorySegment> pieces = List.copyOf(targets); // they must not change in between
    pieces.forEach(AsyncImage::requireWritable);
    long length = Ranges.requireTransfer(total(pieces));
    Scratch scratch = new Scratch();
    Scratch.Vector memory = scratch.vector(pieces);
    AsyncOperation.Submission submission =
        (image, completion) ->
            rbd_aio_readv(image, memory.targets(), memory.count(), offset, completion);
    return submit(
        ImageOperation.READ,
        offset,
        length,
        data.looksAtPresence(),
        scratch,
        submission,
        (image, result) -> {
          long count = bytesRead(image, result, offset, length, submission);
          memory.deliver(count);
          return count;
        });
  }

  /**
   * What a result of a read means. At or behind the end librbd answers EINVAL; if that is not seen
   * from the size, the image grew meanwhile, and the read is done once more.
   */
  private long bytesRead(
      MemorySegment image,
      long result,
      long offset,
      long length,
      AsyncOperation.Submission submission) {
    long count = result;
    if (length > 0 && (count == 0 || count == Errno.EINVAL.result())) {
      if (offset >= data.size(image)) {
        return -1;
      }
      count = Completions.await(completion -> submission.to(image, completion));
    }
    Failures.check(count, handle.operation("read"));
    data.requireLatelyPresent(image);
    return count > length ? Failures.checkCount(count, length, handle.operation("read")) : count;
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
    long length = Ranges.requireTransfer(source.byteSize());
    int mask = (int) NativeFlag.mask(flags);
    Scratch scratch = new Scratch();
    Scratch.Piece memory = piece(scratch, source);
    return change(
        ImageOperation.WRITE,
        offset,
        length,
        scratch,
        (image, completion) ->
            rbd_aio_write2(image, offset, length, memory.source(), completion, mask),
        (_, result) -> done(result, ImageOperation.WRITE));
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
   * Writes all of some memory whose checksum is known already, which spares librbd computing it for
   * the network. Needs librbd of Ceph 20 or newer.
   *
   * <p>The checksum is verified first: an OSD would take data with a wrong one for damaged on its
   * way, and librbd would send it again for ever.
   *
   * <p>Implements: {@code int rbd_aio_write_with_crc32c(rbd_image_t image, uint64_t off, size_t
   * len, const char *buf, uint32_t precomputed_crc32c, rbd_completion_t c, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param source the memory
   * @param crc32c the checksum of the source as {@link java.util.zip.CRC32C} gives it
   * @param flags the hints
   * @return done when the data is written; fails with {@link IllegalArgumentException}, and nothing
   *     is written, if the checksum is not that of the source
   * @throws IllegalArgumentException if the range does not lie within the image
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public CompletableFuture<Void> write(
      long offset, MemorySegment source, long crc32c, Set<IoFlag> flags) {
    NativeSymbols.require("rbd_aio_write_with_crc32c");
    long length = Ranges.requireTransfer(source.byteSize());
    int mask = (int) NativeFlag.mask(flags);
    requireUsable(source);
    Scratch scratch = new Scratch();
    // The cluster refuses what has another checksum, and librbd tries again until it gives up.
    Scratch.Piece memory = scratch.copied(source);
    return change(
        ImageOperation.WRITE,
        offset,
        length,
        scratch,
        (image, completion) -> {
          MemorySegment stable = memory.source();
          requireChecksum(stable, crc32c);
          int register = ~(int) crc32c; // Ceph leaves out the last step of the computation
          return rbd_aio_write_with_crc32c(
              image, offset, length, stable, register, completion, mask);
        },
        (_, result) -> done(result, ImageOperation.WRITE));
  }

  private static void requireChecksum(MemorySegment memory, long crc32c) {
    CRC32C actual = new CRC32C();
    actual.update(memory.asByteBuffer());
    if (actual.getValue() != crc32c) {
      throw new IllegalArgumentException(
          "the source has the checksum %08x, not %08x".formatted(actual.getValue(), crc32c));
    }
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
    List<MemorySegment> pieces = List.copyOf(sources); // they must not change in between
    long length = Ranges.requireTransfer(total(pieces));
    Scratch scratch = new Scratch();
    Scratch.Vector memory = vector(scratch, pieces);
    return change(
        ImageOperation.WRITE,
        offset,
        length,
        scratch,
        (image, completion) ->
            rbd_aio_writev(image, memory.sources(), memory.count(), offset, completion),
        (_, result) -> done(result, ImageOperation.WRITE));
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
    return change(
        ImageOperation.DISCARD,
        offset,
        length,
        Scratch.NONE,
        (image, completion) -> rbd_aio_discard(image, offset, length, completion),
        (_, result) -> done(result, ImageOperation.DISCARD));
  }

  /**
   * Makes a range read as zeros. See {@link Image#writeZeroes(long, long, boolean)}.
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @param thickProvision whether to allocate the space of the zeros
   * @return done when the zeros are written
   */
  public CompletableFuture<Void> writeZeroes(long offset, long length, boolean thickProvision) {
    return writeZeroes(offset, length, thickProvision, Set.of());
  }

  /**
   * Makes a range read as zeros, with hints. See {@link Image#writeZeroes(long, long, boolean)}.
   *
   * <p>Implements: {@code int rbd_aio_write_zeroes(rbd_image_t image, uint64_t off, size_t len,
   * rbd_completion_t c, int zero_flags, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes
   * @param thickProvision whether to allocate the space of the zeros
   * @param flags the hints
   * @return done when the zeros are written
   */
  public CompletableFuture<Void> writeZeroes(
      long offset, long length, boolean thickProvision, Set<IoFlag> flags) {
    int zeroFlags = thickProvision ? librbd_constants.RBD_WRITE_ZEROES_FLAG_THICK_PROVISION() : 0;
    int mask = (int) NativeFlag.mask(flags);
    return change(
        ImageOperation.WRITE_ZEROES,
        offset,
        length,
        Scratch.NONE,
        (image, completion) ->
            rbd_aio_write_zeroes(image, offset, length, completion, zeroFlags, mask),
        (_, result) -> done(result, ImageOperation.WRITE_ZEROES));
  }

  /**
   * Fills a range with a repeated pattern. See {@link Image#writeSame(long, long, MemorySegment)}.
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes, a multiple of the pattern, at most 1 GiB
   * @param pattern the pattern
   * @return done when the range is filled
   */
  public CompletableFuture<Void> writeSame(long offset, long length, MemorySegment pattern) {
    return writeSame(offset, length, pattern, Set.of());
  }

  /**
   * Fills a range with a repeated pattern, with hints. See {@link Image#writeSame(long, long,
   * MemorySegment)}.
   *
   * <p>Implements: {@code int rbd_aio_writesame(rbd_image_t image, uint64_t off, size_t len, const
   * char *buf, size_t data_len, rbd_completion_t c, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param length how many bytes, a multiple of the pattern, at most 1 GiB
   * @param pattern the pattern
   * @param flags the hints
   * @return done when the range is filled
   */
  public CompletableFuture<Void> writeSame(
      long offset, long length, MemorySegment pattern, Set<IoFlag> flags) {
    int mask = (int) NativeFlag.mask(flags);
    long unit = pattern.byteSize();
    Ranges.requireMultiple(length, unit);
    Ranges.requireTransfer(length);
    Scratch scratch = new Scratch();
    Scratch.Piece memory = piece(scratch, pattern);
    return change(
        ImageOperation.WRITE_SAME,
        offset,
        length,
        scratch,
        (image, completion) ->
            rbd_aio_writesame(image, offset, length, memory.source(), unit, completion, mask),
        (_, result) -> done(result, ImageOperation.WRITE_SAME));
  }

  /**
   * Writes data if the image holds what is expected. See {@link Image#compareAndWrite(long,
   * MemorySegment, MemorySegment)}.
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold
   * @param replacement what to write then, of the same length
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   */
  public CompletableFuture<OptionalLong> compareAndWrite(
      long offset, MemorySegment expected, MemorySegment replacement) {
    return compareAndWrite(offset, expected, replacement, Set.of());
  }

  /**
   * Writes data if the image holds what is expected, with hints. See {@link
   * Image#compareAndWrite(long, MemorySegment, MemorySegment)}.
   *
   * <p>Implements: {@code ssize_t rbd_aio_compare_and_write(rbd_image_t image, uint64_t off, size_t
   * len, const char *cmp_buf, const char *buf, rbd_completion_t c, uint64_t *mismatch_off, int
   * op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold
   * @param replacement what to write then, of the same length
   * @param flags the hints
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   */
  public CompletableFuture<OptionalLong> compareAndWrite(
      long offset, MemorySegment expected, MemorySegment replacement, Set<IoFlag> flags) {
    int mask = (int) NativeFlag.mask(flags);
    long length = Ranges.requireTransfer(replacement.byteSize());
    Ranges.requireEqualLengths(expected.byteSize(), length);
    Scratch scratch = new Scratch();
    Scratch.Piece old = piece(scratch, expected);
    Scratch.Piece memory = piece(scratch, replacement);
    Scratch.StoredLong mismatch = scratch.number();
    return change(
        ImageOperation.COMPARE_AND_WRITE,
        offset,
        length,
        scratch,
        (image, completion) ->
            rbd_aio_compare_and_write(
                image,
                offset,
                length,
                old.source(),
                memory.source(),
                completion,
                mismatch.pointer(),
                mask),
        (image, result) -> compared(image, result, mismatch));
  }

  /**
   * Writes data from several pieces of memory if the image holds what several others expect. See
   * {@link Image#compareAndWrite(long, MemorySegment, MemorySegment)}. Needs librbd of Ceph 18 or
   * newer.
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold, one piece after the other
   * @param replacement what to write then, of the same length together
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public CompletableFuture<OptionalLong> compareAndWrite(
      long offset, List<MemorySegment> expected, List<MemorySegment> replacement) {
    return compareAndWrite(offset, expected, replacement, Set.of());
  }

  /**
   * Writes data from several pieces of memory if the image holds what several others expect, with
   * hints. See {@link Image#compareAndWrite(long, MemorySegment, MemorySegment)}. Needs librbd of
   * Ceph 18 or newer.
   *
   * <p>Implements: {@code ssize_t rbd_aio_compare_and_writev(rbd_image_t image, uint64_t off, const
   * struct iovec *cmp_iov, int cmp_iovcnt, const struct iovec *iov, int iovcnt, rbd_completion_t c,
   * uint64_t *mismatch_off, int op_flags)}
   *
   * @param offset where to begin, in bytes
   * @param expected what the image must hold, one piece after the other
   * @param replacement what to write then, of the same length together
   * @param flags the hints
   * @return empty if the data was written; otherwise the offset of the first difference, counted
   *     from the start of the range
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public CompletableFuture<OptionalLong> compareAndWrite(
      long offset,
      List<MemorySegment> expected,
      List<MemorySegment> replacement,
      Set<IoFlag> flags) {
    int mask = (int) NativeFlag.mask(flags);
    NativeSymbols.require("rbd_aio_compare_and_writev");
    List<MemorySegment> oldPieces = List.copyOf(expected); // they must not change in between
    List<MemorySegment> newPieces = List.copyOf(replacement);
    long length = Ranges.requireTransfer(total(newPieces));
    Ranges.requireEqualLengths(total(oldPieces), length);
    Scratch scratch = new Scratch();
    Scratch.Vector old = vector(scratch, oldPieces);
    Scratch.Vector memory = vector(scratch, newPieces);
    Scratch.StoredLong mismatch = scratch.number();
    return change(
        ImageOperation.COMPARE_AND_WRITE,
        offset,
        length,
        scratch,
        (image, completion) ->
            rbd_aio_compare_and_writev(
                image,
                offset,
                old.sources(),
                old.count(),
                memory.sources(),
                memory.count(),
                completion,
                mismatch.pointer(),
                mask),
        (image, result) -> compared(image, result, mismatch));
  }

  private OptionalLong compared(MemorySegment image, long result, Scratch.StoredLong mismatch) {
    if (result == Errno.EILSEQ.result()) {
      return OptionalLong.of(data.firstDifference(image, mismatch.get()));
    }
    done(result, ImageOperation.COMPARE_AND_WRITE);
    return OptionalLong.empty();
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
        ImageOperation.FLUSH,
        0,
        0,
        data.looksAtPresence(),
        Scratch.NONE,
        (image, completion) -> rbd_aio_flush(image, completion),
        (image, result) -> {
          data.requirePresent(image);
          return done(result, ImageOperation.FLUSH);
        });
  }

  private @Nullable Void done(long result, ImageOperation kind) {
    Failures.check(result, handle.operation(kind.verb()));
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

  private static long total(List<MemorySegment> segments) {
    if (segments.isEmpty() || segments.size() > 1024) {
      throw new IllegalArgumentException(
          segments.size() + " pieces of memory: 1 to 1024 are possible");
    }
    return segments.stream()
        .mapToLong(MemorySegment::byteSize)
        .reduce(0, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
  }

  private Scratch.Piece piece(Scratch scratch, MemorySegment source) {
    requireUsable(source);
    return scratch.piece(source);
  }

  private Scratch.Vector vector(Scratch scratch, List<MemorySegment> sources) {
    sources.forEach(this::requireUsable);
    return scratch.vector(sources);
  }

  private void requireUsable(MemorySegment source) {
    if (options.whenFull() == AsyncOptions.WhenFull.QUEUE && SegmentLifetime.isConfined(source)) {
      throw new IllegalArgumentException(
          "the source is confined to one thread, but may be copied on another one when it leaves"
              + " the queue");
    }
  }

  /**
   * Submits a change of a range. librbd drops what lies behind the end without a word, so that the
   * size is looked at before and once more after it. Inside a callback, where that could wait for
   * ever, it is not looked at before; nor after the change if it may end on a thread of librbd.
   */
  private <T> CompletableFuture<T> change(
      ImageOperation kind,
      long offset,
      long length,
      Scratch scratch,
      AsyncOperation.Submission submission,
      AsyncOperation.Finish<T> finish) {
    Ranges.requireNotNegative(offset, "offset");
    Ranges.requireNotNegative(length, "length");
    boolean insideCallback = Upcalls.isInsideCallback();
    if (!insideCallback) {
      long size;
      try {
        size = data.size();
      } catch (IllegalStateException | RbdException failure) {
        return CompletableFuture.failedFuture(failure);
      }
      Ranges.requireWithin(size, offset, length, handle);
    }
    if (options.onLibrbdThread() && !insideCallback) {
      return submit(kind, offset, length, false, scratch, submission, finish);
    }
    return submit(
        kind,
        offset,
        length,
        true,
        scratch,
        submission,
        (image, result) -> {
          @Nullable T value = finish.of(image, result);
          if (result >= 0) {
            long fits = Ranges.within(data.size(image), offset, length);
            Ranges.requireWhole(fits, length, handle, kind);
          }
          return value;
        });
  }

  private <T> CompletableFuture<T> submit(
      ImageOperation kind,
      long offset,
      long length,
      boolean looksAtSize,
      Scratch scratch,
      AsyncOperation.Submission submission,
      AsyncOperation.Finish<T> finish) {
    if (scratch.size() > options.stagingBytes()) {
      throw new IllegalArgumentException(
          "the operation needs %d bytes of staging memory, at most %d are allowed: use a direct buffer or Arena.ofAuto, split it, or allow more"
              .formatted(scratch.size(), options.stagingBytes()));
    }
    return new AsyncOperation<>(
            this, kind, offset, length, looksAtSize, scratch, submission, finish)
        .submit();
  }

  @Override
  public String toString() {
    return "asynchronous " + handle;
  }
}
