package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_compare_and_write;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_discard;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_flush;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_read2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write2;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_write_zeroes;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_writesame;
import static io.github.rbd4j.bindings.librbd_h.rbd_compare_and_write;
import static io.github.rbd4j.bindings.librbd_h.rbd_discard;
import static io.github.rbd4j.bindings.librbd_h.rbd_flush;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_size;
import static io.github.rbd4j.bindings.librbd_h.rbd_get_stripe_unit;
import static io.github.rbd4j.bindings.librbd_h.rbd_read2;
import static io.github.rbd4j.bindings.librbd_h.rbd_write2;
import static io.github.rbd4j.bindings.librbd_h.rbd_write_zeroes;
import static io.github.rbd4j.bindings.librbd_h.rbd_writesame;

import io.github.rbd4j.internal.Completions;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.SegmentLifetime;
import io.github.rbd4j.internal.StagingPool;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.jfr.ImageEvent;
import io.github.rbd4j.jfr.ImageOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The data path of an image: splits what librbd cannot take at once, carries heap memory through
 * staging memory, and turns short results into what they mean.
 */
final class ImageIo {
  private static final long MAX_OBJECT = 1L << 25;

  private final NativeHandle handle;
  private final @Nullable Presence presence;

  ImageIo(NativeHandle handle, @Nullable Presence presence) {
    this.handle = handle;
    this.presence = presence;
  }

  long read(long offset, MemorySegment target, int flags) {
    Ranges.requireNotNegative(offset, "offset");
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("the target is read-only");
    }
    ImageEvent event = ImageOperation.READ.begin();
    if (event == null) {
      return readAll(offset, target, flags);
    }
    Throwable failure = null;
    try {
      return readAll(offset, target, flags);
    } catch (Throwable thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      event.end(handle.name(), offset, target.byteSize(), false, failure);
    }
  }

  private long readAll(long offset, MemorySegment target, int flags) {
    if (target.byteSize() == 0) {
      size(); // fails as a read would when the image is closed
      return 0;
    }
    return canBeUsedDirectly(target)
        ? readNative(offset, target, flags)
        : readHeap(offset, target, flags);
  }

  private long readNative(long offset, MemorySegment target, int flags) {
    long length = target.byteSize();
    if (length <= Ranges.MAX_TRANSFER) {
      return readOnce(offset, target, length, flags);
    }
    long done = 0;
    while (done < length) {
      long part = Math.min(Ranges.MAX_TRANSFER, length - done);
      long count = readOnce(offset + done, target.asSlice(done, part), part, flags);
      if (count <= 0) {
        return done == 0 ? count : done;
      }
      done += count;
      if (count < part) {
        break;
      }
    }
    return done;
  }

  private long readHeap(long offset, MemorySegment target, int flags) {
    Upcalls.refuseInsideCallback(handle); // before it could wait for memory
    long length = target.byteSize();
    StagingPool pool = handle.staging().forTransfer(length);
    long done = 0;
    do {
      long part = Math.min(pool.chunkSize(), length - done);
      long count;
      MemorySegment staging = pool.take(); // for each part anew: others wait for it, too
      try {
        count = readOnce(offset + done, staging, part, flags);
        if (count > 0) {
          MemorySegment.copy(staging, 0, target, done, count);
        }
      } finally {
        pool.give(staging);
      }
      if (count <= 0) {
        return done == 0 ? count : done;
      }
      done += count;
      if (count < part) {
        break;
      }
    } while (done < length);
    return done;
  }

  /** One read; the number of bytes, or -1 at or behind the end of the image. */
  private long readOnce(long offset, MemorySegment target, long length, int flags) {
    MemorySegment image = handle.acquire();
    try {
      long count = read(image, offset, length, target, flags);
      if (count <= 0) {
        count = explainRead(image, offset, length, target, flags, count);
      }
      requireLatelyPresent(image);
      return count > length ? Failures.checkCount(count, length, handle.operation("read")) : count;
    } finally {
      handle.release();
    }
  }

  /** Whether librbd may have to be asked after a read. */
  boolean looksAtPresence() {
    return presence != null;
  }

  /** After a read: throws if the image was removed, some time ago at least. */
  void requireLatelyPresent(MemorySegment image) {
    if (presence != null) {
      presence.requireLately(image);
    }
  }

  /** After something long: throws if the image was removed before its end. */
  void requirePresent() {
    if (presence == null) {
      return;
    }
    MemorySegment image = handle.acquire();
    try {
      requirePresent(image);
    } finally {
      handle.release();
    }
  }

  void requirePresent(MemorySegment image) {
    if (presence != null) {
      presence.require(image);
    }
  }

  /**
   * librbd answers EINVAL to a read that begins at or behind the end. Whether this was the reason
   * is seen from the size; if the image grew meanwhile, the read is done once more.
   */
  private long explainRead(
      MemorySegment image, long offset, long length, MemorySegment target, int flags, long result) {
    if (result == 0 || result == Errno.EINVAL.result()) {
      if (offset >= size(image)) {
        return -1;
      }
      result = read(image, offset, length, target, flags);
    }
    return Failures.check(result, handle.operation("read"));
  }

  void write(long offset, MemorySegment source, int flags) {
    ImageEvent event = ImageOperation.WRITE.begin();
    if (event == null) {
      writeAll(offset, source, flags);
      return;
    }
    Throwable failure = null;
    try {
      writeAll(offset, source, flags);
    } catch (Throwable thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      event.end(handle.name(), offset, source.byteSize(), false, failure);
    }
  }

  private void writeAll(long offset, MemorySegment source, int flags) {
    long length = source.byteSize();
    requireRange(offset, length);
    if (canBeUsedDirectly(source)) {
      writeNative(offset, source, length, flags);
    } else {
      writeHeap(offset, source, length, flags);
    }
  }

  private void writeNative(long offset, MemorySegment source, long length, int flags) {
    if (length <= Ranges.MAX_TRANSFER) {
      writeOnce(offset, source, length, 0, flags);
      return;
    }
    for (long done = 0; done < length; ) {
      long part = Math.min(Ranges.MAX_TRANSFER, length - done);
      writeOnce(offset + done, source.asSlice(done, part), part, done, flags);
      done += part;
    }
  }

  private void writeHeap(long offset, MemorySegment source, long length, int flags) {
    StagingPool pool = handle.staging().forTransfer(length);
    for (long done = 0; done < length; ) {
      long part = Math.min(pool.chunkSize(), length - done);
      MemorySegment staging = pool.take(); // for each part anew: others wait for it, too
      try {
        MemorySegment.copy(source, done, staging, 0, part);
        writeOnce(offset + done, staging, part, done, flags);
      } finally {
        pool.give(staging);
      }
      done += part;
    }
  }

  private void writeOnce(
      long offset, MemorySegment source, long length, long doneBefore, int flags) {
    long count;
    MemorySegment image = handle.acquire();
    try {
      count = write(image, offset, length, source, flags);
    } finally {
      handle.release();
    }
    requireWhole(count, length, doneBefore, ImageOperation.WRITE);
  }

  /**
   * As {@link Completions#call}, which would make an object for each way, also for the one that is
   * not gone.
   */
  private static long read(
      MemorySegment image, long offset, long length, MemorySegment target, int flags) {
    return Thread.currentThread().isVirtual()
        ? Completions.await(
            completion -> rbd_aio_read2(image, offset, length, target, completion, flags))
        : rbd_read2(image, offset, length, target, flags);
  }

  private long write(
      MemorySegment image, long offset, long length, MemorySegment source, int flags) {
    return Thread.currentThread().isVirtual()
        ? fitting(
            image,
            offset,
            length,
            Completions.await(
                completion -> rbd_aio_write2(image, offset, length, source, completion, flags)))
        : rbd_write2(image, offset, length, source, flags);
  }

  /** How much is done: the asynchronous functions drop what lies behind the end without a word. */
  private long fitting(MemorySegment image, long offset, long length, long result) {
    return result < 0 ? result : Ranges.within(size(image), offset, length);
  }

  void flush() {
    recorded(ImageOperation.FLUSH, 0, 0, this::flushNow);
  }

  private void flushNow() {
    long result;
    MemorySegment image = handle.acquire();
    try {
      result =
          Completions.call(completion -> rbd_aio_flush(image, completion), () -> rbd_flush(image));
      requirePresent(image);
    } finally {
      handle.release();
    }
    Failures.check(result, handle.operation("flush"));
  }

  /**
   * Whether librbd can be given the memory itself. While a virtual thread is parked nobody holds
   * the memory, so that it must be such that no other thread can free it. A file that is mapped can
   * become shorter, which only the JVM survives.
   */
  private static boolean canBeUsedDirectly(MemorySegment memory) {
    return memory.isNative()
        && !memory.isMapped()
        && (!Thread.currentThread().isVirtual()
            || SegmentLifetime.isManaged(memory)
            || SegmentLifetime.isConfined(memory));
  }

  private void requireWhole(long count, long length, long doneBefore, ImageOperation kind) {
    Failures.check(count, handle.operation(kind.verb()));
    if (count < length) {
      Ranges.requireWhole(doneBefore + count, doneBefore + length, handle, kind);
    }
  }

  private void recorded(ImageOperation kind, long offset, long length, Runnable work) {
    recorded(
        kind,
        offset,
        length,
        () -> {
          work.run();
          return kind;
        });
  }

  private <T> T recorded(ImageOperation kind, long offset, long length, Supplier<T> work) {
    return ImageEvent.recorded(kind.begin(), handle.name(), offset, length, work);
  }

  /**
   * Checks that a range lies within the image. librbd would cut it off without a word.
   *
   * @throws IllegalArgumentException if it does not
   */
  private void requireRange(long offset, long length) {
    Ranges.requireNotNegative(offset, "offset");
    Ranges.requireNotNegative(length, "length");
    Ranges.requireWithin(size(), offset, length, handle);
  }

  long size() {
    MemorySegment image = handle.acquire();
    try {
      return size(image);
    } finally {
      handle.release();
    }
  }

  /** The size, asked by a call that is inside already. */
  long size(MemorySegment image) {
    StagingPool pool = StagingPool.forNumbers();
    MemorySegment out = pool.take();
    try {
      int result = rbd_get_size(image, out);
      if (result < 0) {
        throw Failures.toException(result, handle.operation("get the size of"), null);
      }
      return out.get(ValueLayout.JAVA_LONG, 0);
    } finally {
      pool.give(out);
    }
  }

  void discard(long offset, long length) {
    requireRange(offset, length);
    inParts(
        offset,
        length,
        ImageOperation.DISCARD,
        (image, at, part) ->
            change(
                image,
                at,
                part,
                completion -> rbd_aio_discard(image, at, part, completion),
                () -> rbd_discard(image, at, part)));
  }

  void writeZeroes(long offset, long length, int flags) {
    requireRange(offset, length);
    inParts(
        offset,
        length,
        ImageOperation.WRITE_ZEROES,
        (image, at, part) ->
            change(
                image,
                at,
                part,
                completion -> rbd_aio_write_zeroes(image, at, part, completion, flags, 0),
                () -> rbd_write_zeroes(image, at, part, flags, 0)));
  }

  private long change(
      MemorySegment image,
      long offset,
      long length,
      Completions.Call asynchronous,
      LongSupplier blocking) {
    return Thread.currentThread().isVirtual()
        ? fitting(image, offset, length, Completions.await(asynchronous))
        : blocking.getAsLong();
  }

  @FunctionalInterface
  private interface RangeCall {
    long on(MemorySegment image, long offset, long length);
  }

  /** Cuts a range where the image is divisible by the largest transfer, to keep objects whole. */
  private void inParts(long offset, long length, ImageOperation kind, RangeCall call) {
    recorded(kind, offset, length, () -> eachPart(offset, length, kind, call));
  }

  private void eachPart(long offset, long length, ImageOperation kind, RangeCall call) {
    for (long done = 0; done < length; ) {
      long at = offset + done;
      long part = Math.min(Ranges.MAX_TRANSFER - at % Ranges.MAX_TRANSFER, length - done);
      long count;
      MemorySegment image = handle.acquire();
      try {
        count = call.on(image, at, part);
      } finally {
        handle.release();
      }
      requireWhole(count, part, done, kind);
      done += part;
    }
  }

  void writeSame(long offset, long length, MemorySegment pattern) {
    long unit = pattern.byteSize();
    Ranges.requireMultiple(length, unit);
    if (unit > handle.staging().forTransfer(Long.MAX_VALUE).chunkSize()) {
      throw new IllegalArgumentException(
          "the pattern has " + unit + " bytes, at most 4 MiB are possible");
    }
    requireRange(offset, length);
    recorded(ImageOperation.WRITE_SAME, offset, length, () -> repeat(offset, length, pattern));
  }

  private void repeat(long offset, long length, MemorySegment pattern) {
    long unit = pattern.byteSize();
    StagingPool pool = handle.staging().forTransfer(unit);
    MemorySegment staging = pool.take();
    try {
      MemorySegment.copy(pattern, 0, staging, 0, unit);
      long most = Ranges.MAX_TRANSFER / unit * unit;
      for (long done = 0; done < length; ) {
        long at = offset + done;
        long part = Math.min(most, length - done);
        long count;
        MemorySegment image = handle.acquire();
        try {
          count =
              change(
                  image,
                  at,
                  part,
                  completion -> rbd_aio_writesame(image, at, part, staging, unit, completion, 0),
                  () -> rbd_writesame(image, at, part, staging, unit, 0));
        } finally {
          handle.release();
        }
        requireWhole(count, part, done, ImageOperation.WRITE_SAME);
        done += part;
      }
    } finally {
      pool.give(staging);
    }
  }

  OptionalLong compareAndWrite(long offset, MemorySegment expected, MemorySegment data) {
    long length = data.byteSize();
    Ranges.requireEqualLengths(expected.byteSize(), length);
    if (length > MAX_OBJECT) {
      throw new IllegalArgumentException(
          "length " + length + " is more than the largest object can compare");
    }
    requireRange(offset, length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mismatch = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment old = toNative(arena, expected);
      MemorySegment replacement = toNative(arena, data);
      return recorded(
          ImageOperation.COMPARE_AND_WRITE,
          offset,
          length,
          () -> compareAndWrite(offset, length, old, replacement, mismatch));
    }
  }

  private static MemorySegment toNative(Arena arena, MemorySegment segment) {
    return canBeUsedDirectly(segment)
        ? segment
        : arena.allocate(segment.byteSize()).copyFrom(segment);
  }

  private OptionalLong compareAndWrite(
      long offset,
      long length,
      MemorySegment expected,
      MemorySegment data,
      MemorySegment mismatch) {
    long count;
    MemorySegment image = handle.acquire();
    try {
      count =
          change(
              image,
              offset,
              length,
              completion ->
                  rbd_aio_compare_and_write(
                      image, offset, length, expected, data, completion, mismatch, 0),
              () -> rbd_compare_and_write(image, offset, length, expected, data, mismatch, 0));
      if (count == Errno.EILSEQ.result()) {
        return OptionalLong.of(firstDifference(image, mismatch.get(ValueLayout.JAVA_LONG, 0)));
      }
    } finally {
      handle.release();
    }
    requireWhole(count, length, 0, ImageOperation.COMPARE_AND_WRITE);
    return OptionalLong.empty();
  }

  /**
   * Where a compare-and-write found the first difference, counted from the start of its range. What
   * librbd stores is that number plus the position in the image of the stripe unit at the beginning
   * of the object. The range lies within one stripe unit.
   */
  long firstDifference(MemorySegment image, long mismatch) {
    StagingPool pool = StagingPool.forNumbers();
    MemorySegment unit = pool.take();
    try {
      Failures.check(rbd_get_stripe_unit(image, unit), handle.operation("get the stripe unit of"));
      return mismatch % unit.get(ValueLayout.JAVA_LONG, 0);
    } finally {
      pool.give(unit);
    }
  }
}
