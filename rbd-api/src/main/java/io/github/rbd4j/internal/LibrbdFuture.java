package io.github.rbd4j.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future of this library. Nobody can wait for it, or for what depends on it, inside a callback of
 * librbd: the thread that waits may be the one that is needed to complete it.
 */
public final class LibrbdFuture<T> extends CompletableFuture<T> {
  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new LibrbdFuture<>();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    requireWaitable();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    requireWaitable();
    return super.get(timeout, unit);
  }

  @Override
  public T join() {
    requireWaitable();
    return super.join();
  }

  private void requireWaitable() {
    if (!isDone() && Upcalls.isInsideCallback()) {
      throw new IllegalStateException(
          "waiting for a future from inside a callback of librbd, which it could need to be done:"
              + " let what follows depend on the future, or hand the wait to another thread");
    }
  }
}
