package io.github.rbd4j;

import io.github.rbd4j.internal.Rethrow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what a listener throws until the operation is done: for an operation that librbd would stop
 * in a state from which nothing leads on.
 */
final class UnstoppedListener implements ProgressListener {
  private final ProgressListener listener;
  private final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();

  UnstoppedListener(ProgressListener listener) {
    this.listener = listener;
  }

  @Override
  public void onProgress(long done, long total) {
    if (thrown.get() == null) {
      try {
        listener.onProgress(done, total);
      } catch (Throwable t) { // thrown by rethrow()
        thrown.compareAndSet(null, t);
      }
    }
  }

  /** Throws what the listener has thrown, if it has. */
  void rethrow() {
    Throwable first = thrown.get();
    if (first != null) {
      throw Rethrow.asIs(first);
    }
  }
}
