package io.github.rbd4j.internal;

import static io.github.rbd4j.bindings.librbd_h.rbd_aio_get_return_value;
import static io.github.rbd4j.bindings.librbd_h.rbd_aio_release;

import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.bindings.librbd_progress_fn_t;
import io.github.rbd4j.bindings.rados_log_callback2_t;
import io.github.rbd4j.bindings.rados_watchcb2_t;
import io.github.rbd4j.bindings.rados_watcherrcb_t;
import io.github.rbd4j.bindings.rbd_callback_t;
import io.github.rbd4j.bindings.rbd_diff_iterate2$cb;
import io.github.rbd4j.bindings.rbd_update_callback_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls from the native library into Java. There is one stub for each signature, for ever; the
 * {@code void*} argument carries the id of a registration. An upcall never lets an exception out:
 * it keeps the first one, asks the native library to stop, and the calling thread rethrows it.
 */
public final class Upcalls {
  private static final Logger LOG = LoggerFactory.getLogger(Upcalls.class);

  /** What a callback returns to stop the operation. */
  private static final int STOP = Errno.ECANCELED.result();

  /** Together 60 to 220 KiB of stack, as the frames are compiled or interpreted. */
  private static final int STACK_FRAMES = 800;

  private static final ConcurrentHashMap<Long, Registration> LIVE = new ConcurrentHashMap<>();
  private static final AtomicLong IDS = new AtomicLong();

  /** How many threads are inside user code right now; keeps the check of a call cheap. */
  private static final AtomicInteger INSIDE = new AtomicInteger();

  private static final ThreadLocal<@Nullable Registration> CURRENT = new ThreadLocal<>();

  private Upcalls() {}

  /** The stub of {@code librbd_progress_fn_t}; its listener is a {@link ProgressListener}. */
  public static MemorySegment progressStub() {
    return ProgressStub.STUB;
  }

  /** The stub of the callback of diff iteration; its listener is a {@link DiffVisitor}. */
  public static MemorySegment diffStub() {
    return DiffStub.STUB;
  }

  /** The stub of {@code rados_log_callback2_t}; its listener is a {@link ClusterLogListener}. */
  public static MemorySegment clusterLogStub() {
    return ClusterLogStub.STUB;
  }

  /** A stub of {@code rbd_update_callback_t}; its listener is a {@link Runnable}. */
  public static MemorySegment updateStub() {
    return UpdateStub.STUB;
  }

  /** A stub of {@code rbd_update_callback_t}; its listener is a {@link QuiesceCallbacks}. */
  public static MemorySegment quiesceStub() {
    return QuiesceStub.STUB;
  }

  /** A stub of {@code rbd_update_callback_t}; its listener is a {@link QuiesceCallbacks}. */
  public static MemorySegment unquiesceStub() {
    return UnquiesceStub.STUB;
  }

  /** The stub of {@code rados_watchcb2_t}; its listener is a {@link NotifyCallbacks}. */
  public static MemorySegment notifyStub() {
    return NotifyStub.STUB;
  }

  /** The stub of {@code rados_watcherrcb_t}; its listener is a {@link NotifyCallbacks}. */
  public static MemorySegment watchErrorStub() {
    return WatchErrorStub.STUB;
  }

  /** The stub of {@code rbd_callback_t}; its listener is a {@link CompletionListener}. */
  public static MemorySegment completionStub() {
    return CompletionStub.STUB;
  }

  private static final class CompletionStub {
    static final MemorySegment STUB =
        rbd_callback_t.allocate(Upcalls::onCompletion, Arena.global());
  }

  private static final class UpdateStub {
    static final MemorySegment STUB =
        rbd_update_callback_t.allocate(Upcalls::onUpdate, Arena.global());
  }

  private static final class QuiesceStub {
    static final MemorySegment STUB =
        rbd_update_callback_t.allocate(Upcalls::onQuiesce, Arena.global());
  }

  private static final class UnquiesceStub {
    static final MemorySegment STUB =
        rbd_update_callback_t.allocate(Upcalls::onUnquiesce, Arena.global());
  }

  private static final class NotifyStub {
    static final MemorySegment STUB = rados_watchcb2_t.allocate(Upcalls::onNotify, Arena.global());
  }

  private static final class WatchErrorStub {
    static final MemorySegment STUB =
        rados_watcherrcb_t.allocate(Upcalls::onWatchError, Arena.global());
  }

  private static final class ClusterLogStub {
    static final MemorySegment STUB =
        rados_log_callback2_t.allocate(Upcalls::onClusterLog, Arena.global());
  }

  private static final class ProgressStub {
    static final MemorySegment STUB =
        librbd_progress_fn_t.allocate(Upcalls::onProgress, Arena.global());
  }

  private static final class DiffStub {
    static final MemorySegment STUB =
        rbd_diff_iterate2$cb.allocate(Upcalls::onDiff, Arena.global());
  }

  /** Makes a listener reachable from native code until the registration is closed. */
  public static Registration register(Object listener) {
    Registration registration = new Registration(IDS.incrementAndGet(), listener);
    LIVE.put(registration.id, registration);
    return registration;
  }

  /** How many registrations are open, for tests of leaks. */
  public static int registered() {
    return LIVE.size();
  }

  /** Whether this thread is inside a callback of the native library. */
  public static boolean isInsideCallback() {
    return INSIDE.get() != 0 && CURRENT.get() != null;
  }

  /**
   * Throws if this thread is inside a callback of the native library, where a call that waits for
   * that library would wait for itself.
   */
  public static void refuseInsideCallback(NativeHandle handle) {
    if (isInsideCallback()) {
      throw new IllegalStateException(
          "blocking call on "
              + handle
              + " from inside a callback of librbd, where it could wait for itself for ever:"
              + " hand the work to another thread");
    }
  }

  /**
   * Throws now if this thread has little stack left. It may be this thread on which the native
   * library calls back, and a {@link StackOverflowError} on the way into an upcall, where nothing
   * can catch it yet, ends the JVM.
   *
   * @throws StackOverflowError instead of that
   */
  static void requireStack() {
    useStack(STACK_FRAMES, 1, 2, 3, 4, 5, 6, 7, 8);
  }

  /** Recurses with so many live values that a frame has some 130 bytes or more, compiled or not. */
  private static long useStack(
      int frames, long a, long b, long c, long d, long e, long f, long g, long h) {
    if (frames == 0) {
      return a;
    }
    long deeper = useStack(frames - 1, b + 1, c + a, d + b, e + c, f + d, g + e, h + f, a + g);
    return deeper + a + b + c + d + e + f + g + h;
  }

  private static int onProgress(long done, long total, MemorySegment argument) {
    return ask(argument, Body.PROGRESS, done, total, false);
  }

  private static int onDiff(long offset, long length, int exists, MemorySegment argument) {
    return ask(argument, Body.DIFF, offset, length, exists != 0);
  }

  private static void onClusterLog(
      MemorySegment argument,
      MemorySegment line,
      MemorySegment channel,
      MemorySegment who,
      MemorySegment name,
      long seconds,
      long nanoseconds,
      long sequence,
      MemorySegment level,
      MemorySegment message) {
    tell(
        argument,
        ClusterLogListener.class,
        log -> log.onLine(NativeStrings.read(level), NativeStrings.read(line)));
  }

  private static void onCompletion(MemorySegment completion, MemorySegment argument) {
    try {
      Registration registration = LIVE.remove(argument.address());
      long result = rbd_aio_get_return_value(completion);
      rbd_aio_release(completion);
      if (registration != null) {
        inside(registration, Body.COMPLETION, result, 0, false);
      }
    } catch (Throwable thrown) { // whatever leaves an upcall ends the JVM
      lost("the completion of an operation", thrown);
    }
  }

  private static void onUpdate(MemorySegment argument) {
    tell(argument, Runnable.class, Runnable::run);
  }

  private static void onQuiesce(MemorySegment argument) {
    tell(argument, QuiesceCallbacks.class, QuiesceCallbacks::onQuiesce);
  }

  private static void onUnquiesce(MemorySegment argument) {
    tell(argument, QuiesceCallbacks.class, QuiesceCallbacks::onUnquiesce);
  }

  private static void onNotify(
      MemorySegment argument,
      long notification,
      long watch,
      long notifier,
      MemorySegment data,
      long length) {
    tell(
        argument,
        NotifyCallbacks.class,
        watcher -> watcher.onNotify(notification, watch, data.asSlice(0, length)));
  }

  private static void onWatchError(MemorySegment argument, long watch, int error) {
    tell(argument, NotifyCallbacks.class, NotifyCallbacks::onMissed);
  }

  /**
   * Runs the body of a callback, with this thread marked: it is one of librbd, where a blocking
   * call could wait for itself. All user code that librbd can reach runs in here, also when an
   * executor of the user runs its tasks at once.
   */
  private static boolean inside(
      Registration registration, Body body, long first, long second, boolean exists)
      throws Exception {
    Registration outer = CURRENT.get();
    try {
      CURRENT.set(registration);
      INSIDE.incrementAndGet();
      try {
        return body.run(registration.listener, first, second, exists);
      } finally {
        INSIDE.decrementAndGet();
      }
    } finally {
      CURRENT.set(outer); // not remove(): the next call of a diff would need a new entry
    }
  }

  /** Asks a listener whether to go on; returns 0 for that and a negative number to stop. */
  private static int ask(
      MemorySegment argument, Body body, long first, long second, boolean exists) {
    Registration registration = null;
    try {
      registration = LIVE.get(argument.address());
      if (registration == null || registration.stopped) {
        return STOP; // the native library does not always stop at once
      }
      if (inside(registration, body, first, second, exists)) {
        return 0;
      }
    } catch (Throwable thrown) { // whatever leaves an upcall ends the JVM
      if (registration != null) {
        registration.failure = thrown;
      }
    }
    if (registration != null) {
      registration.stopped = true;
    }
    return STOP;
  }

  /**
   * Tells a listener of this library that stays registered. It only hands the news to the executor
   * of the user; what goes wrong here has no caller to go to.
   */
  private static <T> void tell(MemorySegment argument, Class<T> type, Consumer<T> news) {
    try {
      Registration registration = LIVE.get(argument.address());
      if (registration != null) {
        Body body =
            (listener, _, _, _) -> {
              news.accept(type.cast(listener));
              return true;
            };
        inside(registration, body, 0, 0, false);
      }
    } catch (Throwable thrown) { // whatever leaves an upcall ends the JVM
      lost("a notification of librbd", thrown);
    }
  }

  private static void lost(String what, Throwable thrown) {
    try {
      LOG.error("{} got lost", what, thrown);
    } catch (Throwable alsoLost) {
      // Not even that can be said, for instance without memory.
    }
  }

  /** A listener that native code can reach. */
  public static final class Registration implements AutoCloseable {
    private final long id;
    private final Object listener;
    private volatile boolean stopped;
    private volatile @Nullable Throwable failure;

    private Registration(long id, Object listener) {
      this.id = id;
      this.listener = listener;
    }

    /** The value to pass as {@code void*}. */
    public MemorySegment argument() {
      return MemorySegment.ofAddress(id);
    }

    /** Whether the result of the native call is what the listener caused by asking to stop. */
    public boolean wasStoppedWith(long result) {
      return stopped && result == STOP;
    }

    /** What the listener threw. */
    @Nullable Throwable failure() {
      return failure;
    }

    @Override
    public void close() {
      LIVE.remove(id);
    }
  }

  /** How a listener is called; those below capture nothing, so that a call allocates nothing. */
  @FunctionalInterface
  private interface Body {
    Body PROGRESS =
        (listener, done, total, _) -> {
          ((ProgressListener) listener).onProgress(done, total);
          return true;
        };
    Body DIFF =
        (listener, offset, length, exists) ->
            ((DiffVisitor) listener).visit(offset, length, exists);
    Body COMPLETION =
        (listener, result, _, _) -> {
          ((CompletionListener) listener).onCompletion(result);
          return true;
        };

    boolean run(Object listener, long first, long second, boolean exists) throws Exception;
  }
}
