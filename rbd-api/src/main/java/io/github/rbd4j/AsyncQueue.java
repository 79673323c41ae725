package io.github.rbd4j;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the operations that are in flight: their number, and the native memory that they take for
 * themselves. Those that wait get their turn in the order of their coming, so that one which needs
 * much is not kept waiting by many which need little.
 */
final class AsyncQueue {
  private final AsyncOptions options;

  /** Who waits, and what is done when its turn has come; also the lock of all that follows. */
  private final Map<AsyncOperation<?>, Runnable> waiting = new LinkedHashMap<>();

  private int places;
  private int bytes;

  AsyncQueue(AsyncOptions options) {
    this.options = options;
    this.places = options.queueDepth();
    this.bytes = options.stagingBytes();
  }

  /** Starts an operation, now or when there is room for it; or fails it. */
  void add(AsyncOperation<?> operation) {
    if (enterAtOnce(operation)) {
      startHere(operation);
      return;
    }
    switch (options.whenFull()) {
      case BLOCK -> {
        try {
          operation.refuseInsideCallback();
        } catch (IllegalStateException refused) {
          operation.fail(refused);
          return;
        }
        if (awaitTurn(operation)) {
          startHere(operation);
        }
      }
      case FAIL ->
          operation.fail(
              new RejectedExecutionException(
                  options.queueDepth()
                      + " operations, or operations with "
                      + options.stagingBytes()
                      + " bytes of native memory, are in flight on "
                      + operation.object()));
      case QUEUE -> lineUp(operation, () -> startInTurn(operation), () -> {});
    }
  }

  private boolean enterAtOnce(AsyncOperation<?> operation) {
    synchronized (waiting) {
      return waiting.isEmpty() && enter(operation);
    }
  }

  private boolean enter(AsyncOperation<?> operation) {
    if (places == 0 || bytes < operation.scratchSize()) {
      return false;
    }
    places--;
    bytes -= operation.scratchSize();
    return true;
  }

  private void release(AsyncOperation<?> operation) {
    synchronized (waiting) {
      places++;
      bytes += operation.scratchSize();
    }
  }

  /** Starts what has a place, on the thread that wants it done: nobody else has its future yet. */
  private void startHere(AsyncOperation<?> operation) {
    Throwable failure = operation.start();
    if (failure != null) {
      operation.fail(failure);
      leave(operation);
    }
  }

  /** Starts what has got a place, on whatever thread; no code of a user may run here. */
  private void startInTurn(AsyncOperation<?> operation) {
    Throwable failure = operation.start();
    if (failure != null) {
      release(operation); // who gives out the turns goes on with the next
      var _ = Thread.startVirtualThread(() -> operation.fail(failure));
    }
  }

  /**
   * Waits for the turn of an operation; false if its future failed before, because of its deadline,
   * a close of the image, or an interrupt of this thread.
   */
  private boolean awaitTurn(AsyncOperation<?> operation) {
    CompletableFuture<Boolean> turn = new CompletableFuture<>();
    lineUp(operation, () -> turn.complete(true), () -> turn.complete(false));
    try {
      return turn.get();
    } catch (InterruptedException e) {
      operation.giveUp(e);
      Thread.currentThread().interrupt();
      return turn.join(); // that is decided now, or in a moment by who has just given it a turn
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private void lineUp(AsyncOperation<?> operation, Runnable turn, Runnable noTurn) {
    synchronized (waiting) {
      waiting.put(operation, turn);
    }
    operation.awaitPlace(
        () -> {
          boolean out = stepOut(operation);
          if (out) {
            noTurn.run();
            giveTurns(); // what comes next may fit where this did not
          }
          return out;
        });
    giveTurns();
  }

  private boolean stepOut(AsyncOperation<?> operation) {
    synchronized (waiting) {
      return waiting.remove(operation) != null;
    }
  }

  /** An operation is not in flight any more. */
  void leave(AsyncOperation<?> operation) {
    release(operation);
    giveTurns();
  }

  /** Lets in what waits, as long as there is room. */
  private void giveTurns() {
    for (Runnable turn = nextTurn(); turn != null; turn = nextTurn()) {
      turn.run();
    }
  }

  private @Nullable Runnable nextTurn() {
    synchronized (waiting) {
      Iterator<Map.Entry<AsyncOperation<?>, Runnable>> line = waiting.entrySet().iterator();
      while (line.hasNext()) {
        Map.Entry<AsyncOperation<?>, Runnable> next = line.next();
        if (next.getKey().isDone()) {
          continue; // it is about to step out
        }
        if (!enter(next.getKey())) {
          return null;
        }
        Runnable turn = next.getValue();
        line.remove();
        return turn;
      }
      return null;
    }
  }
}
