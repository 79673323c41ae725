package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rados_notify2;
import static io.github.rbd4j.bindings.librbd_h.rados_notify_ack;
import static io.github.rbd4j.bindings.librbd_h.rados_unwatch2;
import static io.github.rbd4j.bindings.librbd_h.rados_watch2;

import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NotifyCallbacks;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Upcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A watch of the header object of an image, which sees what librbd tells its handles of the image.
 * With it something can be done at a moment when a handle was certainly not told to quiesce.
 *
 * <p>A connection is told the notifications of an object in the order in which they were sent, one
 * after the other, first for one watch and then for the next. So when this watch is told what it
 * sent itself, every handle of this connection was told all that was sent before, and will not be
 * told anything else until the callback returns.
 */
final class HeaderWatch implements NotifyCallbacks, AutoCloseable {
  private static final ValueLayout.OfInt LITTLE_ENDIAN =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Where the kind of a message is: behind its version, the oldest compatible one, its length. */
  private static final long KIND_OFFSET = 6;

  /** {@code NOTIFY_OP_QUIESCE} of librbd. */
  private static final int QUIESCE = 18;

  /** A kind of which librbd says that it is none; every client acknowledges it and does nothing. */
  private static final int NO_KIND = -1;

  private static final int UUID_BYTES = 16;
  private static final long TIMEOUT_MILLISECONDS = 5_000;

  private final MemorySegment io;
  private final MemorySegment object;
  private final Operation operation;
  private final Upcalls.Registration registration;
  private final long watch;

  private boolean closed;

  /** Whether a quiesce was sent, or may have been. */
  private boolean quiesced;

  private @Nullable Appointment appointment;

  /** What is to be done when the message is delivered, and what came of it. */
  private static final class Appointment {
    final MemorySegment message;
    final LongSupplier action;
    boolean kept;
    long result;

    Appointment(MemorySegment message, LongSupplier action) {
      this.message = message;
      this.action = action;
    }
  }

  /**
   * Begins to watch.
   *
   * <p>Implements: {@code int rados_watch2(rados_ioctx_t io, const char *o, uint64_t *cookie,
   * rados_watchcb2_t watchcb, rados_watcherrcb_t watcherrcb, void *arg)}
   *
   * @param io the pool, which stays open until this is closed
   */
  HeaderWatch(MemorySegment io, Image image, Operation operation) {
    this.io = io;
    this.operation = operation;
    // A callback that runs while this is closed still uses the name.
    object = NativeStrings.copy(Arena.ofAuto(), headerOf(image));
    registration = Upcalls.register(this);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      Failures.check(
          rados_watch2(
              io,
              object,
              out,
              Upcalls.notifyStub(),
              Upcalls.watchErrorStub(),
              registration.argument()),
          operation);
      watch = out.get(ValueLayout.JAVA_LONG, 0);
    } catch (RuntimeException e) {
      registration.close();
      throw e;
    }
  }

  private static String headerOf(Image image) {
    String id = image.id();
    return id.isEmpty() ? image.name() + ".rbd" : "rbd_header." + id;
  }

  /** Forgets what was sent so far. */
  synchronized void startOver() {
    quiesced = false;
  }

  /**
   * Does something that does not block, at a moment when all handles of this connection were told
   * what was sent since {@link #startOver}, and nothing of it was a quiesce.
   *
   * <p>Implements: {@code int rados_notify2(rados_ioctx_t io, const char *o, const char *buf, int
   * buf_len, uint64_t timeout_ms, char **reply_buffer, size_t *reply_buffer_len)}
   *
   * @return whether it was done; not if there was a quiesce
   * @throws RbdException if the action returns an error, or the moment does not come
   */
  boolean doUnlessQuiesced(LongSupplier action) {
    Appointment mine = new Appointment(newMessage(), action);
    synchronized (this) {
      appointment = mine;
    }
    int sent =
        rados_notify2(
            io,
            object,
            mine.message,
            (int) mine.message.byteSize(),
            TIMEOUT_MILLISECONDS,
            MemorySegment.NULL,
            MemorySegment.NULL);
    synchronized (this) {
      appointment = null;
      if (mine.kept) {
        Failures.check(mine.result, operation); // whether others were told is of no interest
      } else if (!quiesced) {
        Failures.check(sent, operation);
      }
      return mine.kept;
    }
  }

  private static MemorySegment newMessage() {
    MemorySegment message = Arena.ofAuto().allocate(KIND_OFFSET + Integer.BYTES + UUID_BYTES);
    message.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    message.set(ValueLayout.JAVA_BYTE, 1, (byte) 1);
    message.set(LITTLE_ENDIAN, 2, Integer.BYTES + UUID_BYTES);
    message.set(LITTLE_ENDIAN, KIND_OFFSET, NO_KIND);
    UUID unique = UUID.randomUUID();
    long end = KIND_OFFSET + Integer.BYTES;
    message.set(ValueLayout.JAVA_LONG_UNALIGNED, end, unique.getMostSignificantBits());
    message.set(
        ValueLayout.JAVA_LONG_UNALIGNED, end + Long.BYTES, unique.getLeastSignificantBits());
    return message;
  }

  /**
   * Looks at a notification and acknowledges it.
   *
   * <p>Implements: {@code int rados_notify_ack(rados_ioctx_t io, const char *o, uint64_t notify_id,
   * uint64_t cookie, const char *buf, int buf_len)}
   */
  @Override
  public synchronized void onNotify(long notification, long toWatch, MemorySegment data) {
    if (closed) {
      return;
    }
    try {
      if (data.byteSize() >= KIND_OFFSET + Integer.BYTES
          && data.get(LITTLE_ENDIAN, KIND_OFFSET) == QUIESCE) {
        quiesced = true;
      } else if (appointment != null && !quiesced && data.mismatch(appointment.message) == -1) {
        appointment.result = appointment.action.getAsLong();
        appointment.kept = true;
      }
    } finally {
      rados_notify_ack(io, object, notification, toWatch, MemorySegment.NULL, 0);
    }
  }

  @Override
  public synchronized void onMissed() {
    quiesced = true;
  }

  /**
   * Ends the watch.
   *
   * <p>Implements: {@code int rados_unwatch2(rados_ioctx_t io, uint64_t cookie)}
   */
  @Override
  public void close() {
    rados_unwatch2(io, watch); // an error means that the cluster has ended it
    synchronized (this) {
      closed = true;
    }
    registration.close();
  }
}
