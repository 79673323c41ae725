package io.github.rbd4j.internal;

import io.github.rbd4j.ProgressListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The only owner of a native pointer.
 *
 * <p>A call acquires the handle, uses the pointer, and releases it. {@link #close()} lets no
 * further call in, waits for those that are inside, closes the children, and destroys the native
 * object: once, after the last call. All state is one word: the number of calls inside, and the
 * sign bit once the handle is closing.
 */
public final class NativeHandle {
  private static final long CLOSED = Long.MIN_VALUE;
  private static final LongAdder CREATED = new LongAdder();
  private static final LongAdder DESTROYED = new LongAdder();
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(NativeHandle.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Destroys the native object; a negative result is an error of the close. */
  @FunctionalInterface
  public interface Destroyer {
    /** Calls the destroying C function. */
    long destroy(MemorySegment pointer);
  }

  /** A native call that needs the pointer alone. */
  @FunctionalInterface
  public interface Call {
    /** Makes the call. */
    long on(MemorySegment pointer);
  }

  /** A native call whose arguments or results need memory until it returns. */
  @FunctionalInterface
  public interface ArenaCall {
    /** Makes the call. */
    long on(MemorySegment pointer, Arena arena);
  }

  /** A native call that calls back. */
  @FunctionalInterface
  public interface UpcallCall {
    /** Makes the call. */
    long on(MemorySegment pointer, Arena arena, MemorySegment callbackArgument);
  }

  /** A use of the pointer that returns something else than a result code. */
  @FunctionalInterface
  public interface Use<T extends @Nullable Object> {
    /** Uses the pointer. */
    T with(MemorySegment pointer, Arena arena);
  }

  @SuppressWarnings("unused") // read and written through STATE
  private volatile long state;

  private volatile boolean encrypted;

  private final @Nullable NativeHandle parent;
  private final Subject subject;
  private final String name;
  private final MemorySegment pointer;
  private final Destroyer destroyer;
  private final StagingMemory staging;
  private final Set<NativeHandle> children = new LinkedHashSet<>();
  private final List<Runnable> whenClosing = new CopyOnWriteArrayList<>();
  private final List<Runnable> afterClose = new CopyOnWriteArrayList<>();
  private final CountDownLatch drained = new CountDownLatch(1);
  private final CountDownLatch destroyed = new CountDownLatch(1);

  /**
   * Takes over a native pointer. The parent must be acquired by the caller, so that it cannot be
   * closing.
   */
  public NativeHandle(
      @Nullable NativeHandle parent,
      Subject subject,
      String name,
      MemorySegment pointer,
      Destroyer destroyer) {
    this.parent = parent;
    this.subject = subject;
    this.name = name;
    this.pointer = pointer;
    this.destroyer = destroyer;
    CREATED.increment();
    if (parent == null) {
      staging = new StagingMemory(operation("copy from or to heap memory through"));
      afterClose.add(staging::close);
    } else {
      staging = parent.staging;
      parent.adopt(this);
    }
  }

  /** Destroys a native object that is known to its parent only by a number. */
  @FunctionalInterface
  public interface ChildDestroyer {
    /** Calls the destroying C function. */
    long destroy(MemorySegment parent, long id);
  }

  /**
   * Takes over a native object that its parent knows by a number. The caller has acquired the
   * parent. It is destroyed before the parent, whose pointer is valid then.
   */
  public static NativeHandle ofChild(
      NativeHandle parent, String what, long id, ChildDestroyer destroyer) {
    return new NativeHandle(
        parent,
        Subject.OTHER,
        what + " of " + parent.description(),
        MemorySegment.ofAddress(id),
        pointer -> destroyer.destroy(parent.pointer, pointer.address()));
  }

  /** How many native objects were taken over, for tests of leaks. */
  public static long created() {
    return CREATED.sum();
  }

  /** How often a native object was destroyed, for tests of leaks. */
  public static long destroyed() {
    return DESTROYED.sum();
  }

  /** The full name of the object, for errors. */
  public String name() {
    return name;
  }

  /** Notes that the offsets of this image are, or were, those of what an encryption hides. */
  public void setEncrypted() {
    encrypted = true;
  }

  /** Whether an encryption was loaded into this image. */
  public boolean isEncrypted() {
    return encrypted;
  }

  /** The kind and the full name of the object: {@code image rbd/vm-1}. */
  public String description() {
    return subject.describe(name);
  }

  /** What is being done to this object, for errors. */
  public Operation operation(String verb) {
    return new Operation(verb, subject, name);
  }

  /** The memory for transfers of the connection to which this belongs. */
  public StagingMemory staging() {
    return staging;
  }

  /** Whether {@link #close()} was called. */
  public boolean isClosed() {
    return (long) STATE.getVolatile(this) < 0;
  }

  /**
   * Lets a call in. Every successful acquire is followed by one release.
   *
   * @throws IllegalStateException if the handle is closed, or if this thread is inside a callback
   *     of the native library, where a blocking call would deadlock
   */
  public MemorySegment acquire() {
    Upcalls.refuseInsideCallback(this);
    return acquireForSubmission();
  }

  /** Lets a call in that does not block, also from a callback. */
  public MemorySegment acquireForSubmission() {
    if ((long) STATE.getAndAdd(this, 1L) < 0) {
      release();
      throw new IllegalStateException(description() + " is closed");
    }
    return pointer;
  }

  /** Lets a call out. */
  public void release() {
    if ((long) STATE.getAndAdd(this, -1L) == CLOSED + 1) {
      drained.countDown();
    }
  }

  /** Makes a call and checks its result. */
  public long call(Operation operation, Call call) {
    long result;
    MemorySegment handle = acquire();
    try {
      result = call.on(handle);
    } finally {
      release();
    }
    return Failures.check(result, operation);
  }

  /** Makes a call with memory that lives as long as it, and checks its result. */
  public long callInArena(Operation operation, ArenaCall call) {
    long result;
    MemorySegment handle = acquire();
    try (Arena arena = Arena.ofConfined()) {
      result = call.on(handle, arena);
    } finally {
      release();
    }
    return Failures.check(result, operation);
  }

  /**
   * Makes a call that calls the listener back. What the listener throws comes out of here; an error
   * of the call itself that the listener did not cause is suppressed in it.
   */
  public long callWithUpcall(Operation operation, Object listener, UpcallCall call) {
    Upcalls.requireStack();
    long result;
    Upcalls.Registration registration = Upcalls.register(listener);
    try {
      MemorySegment handle = acquire();
      try (Arena arena = Arena.ofConfined()) {
        result = call.on(handle, arena, registration.argument());
      } finally {
        release();
      }
    } finally {
      registration.close();
    }
    boolean stopped = registration.wasStoppedWith(result);
    Throwable thrown = registration.failure();
    if (thrown == null) {
      return stopped ? 0 : Failures.check(result, operation);
    }
    if (result < 0 && !stopped) {
      thrown.addSuppressed(Failures.toException(result, operation, null));
    }
    throw Rethrow.asIs(thrown);
  }

  /**
   * Makes a long call that tells a listener how far it is; not on the carrier of a virtual thread.
   */
  public void callWithProgress(Operation operation, ProgressListener listener, UpcallCall call) {
    Objects.requireNonNull(listener, "listener");
    OffCarrier.run(() -> callWithUpcall(operation, listener, call));
  }

  /** Uses the pointer for something that is not one checked call. */
  public <T extends @Nullable Object> T use(Use<T> use) {
    MemorySegment handle = acquire();
    try (Arena arena = Arena.ofConfined()) {
      return use.with(handle, arena);
    } finally {
      release();
    }
  }

  /** Makes a call that stores one 64-bit number, and returns that. */
  public long callForLong(Operation operation, ArenaOut call) {
    return use(
        (handle, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
          Failures.check(call.store(handle, arena, out), operation);
          return out.get(ValueLayout.JAVA_LONG, 0);
        });
  }

  /** A native call that stores a result in memory of the caller. */
  @FunctionalInterface
  public interface ArenaOut {
    /** Makes the call. */
    long store(MemorySegment pointer, Arena arena, MemorySegment out);
  }

  /** Has something done when {@link #close()} begins, before it waits for the calls inside. */
  public void whenClosing(Runnable action) {
    whenClosing.add(action);
  }

  /** Has something done once the native object is destroyed. */
  public void afterClose(Runnable action) {
    afterClose.add(action);
  }

  private void adopt(NativeHandle child) {
    synchronized (children) {
      children.add(child);
    }
  }

  private void forget(NativeHandle child) {
    synchronized (children) {
      children.remove(child);
    }
  }

  /**
   * Closes the object: no call gets in any more, the calls inside finish, the children are closed,
   * the native object is destroyed. Closing again waits until the first close is done and does
   * nothing.
   *
   * @throws io.github.rbd4j.RbdException if the native close reports an error; the object is closed
   *     all the same
   * @throws IllegalStateException if this thread is inside a callback of the native library
   */
  public void close() {
    Upcalls.refuseInsideCallback(this);
    long before = (long) STATE.getAndBitwiseOr(this, CLOSED);
    if (before < 0) {
      awaitUninterruptibly(destroyed);
      return;
    }
    Throwable failure = null;
    for (Runnable action : whenClosing) {
      failure = attempt(failure, action);
    }
    if (before > 0) {
      awaitUninterruptibly(drained);
    }
    try {
      for (NativeHandle child : childrenYoungestFirst()) {
        failure = attempt(failure, child::close);
      }
      failure = attempt(failure, this::destroy);
      for (Runnable action : afterClose) {
        failure = attempt(failure, action);
      }
      if (parent != null) {
        parent.forget(this);
      }
    } finally {
      destroyed.countDown(); // whatever happened: a second close must not wait for ever
    }
    if (failure != null) {
      throw Rethrow.asIs(failure);
    }
  }

  private void destroy() {
    DESTROYED.increment();
    Failures.check(destroyer.destroy(pointer), operation("close"));
  }

  private List<NativeHandle> childrenYoungestFirst() {
    synchronized (children) {
      return new ArrayList<>(children).reversed();
    }
  }

  /** Does one step of a close, which does not keep the next steps from being done. */
  private static @Nullable Throwable attempt(@Nullable Throwable before, Runnable step) {
    try {
      step.run();
      return before;
    } catch (Throwable thrown) { // thrown by close() once all is done
      if (before == null) {
        return thrown;
      }
      if (before != thrown) {
        before.addSuppressed(thrown);
      }
      return before;
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return description() + (isClosed() ? " (closed)" : "");
  }
}
