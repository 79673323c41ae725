package io.github.rbd4j.internal;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a listener on an executor, never twice at once. News that come while it runs are told
 * together by one more call.
 */
public final class SerialNotifier implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(SerialNotifier.class);

  private final Executor executor;
  private final Runnable listener;
  private final AtomicInteger pending = new AtomicInteger();

  /** Makes a notifier; {@link #run} tells it that there are news. */
  public SerialNotifier(Executor executor, Runnable listener) {
    this.executor = executor;
    this.listener = listener;
  }

  @Override
  public void run() {
    if (pending.getAndIncrement() == 0) {
      try {
        Background.executeAnyhow(executor, this::drain);
      } catch (Throwable e) { // also that no thread could be started
        pending.set(0); // so that the next news are not taken for some that come while it runs
        throw e;
      }
    }
  }

  private void drain() {
    int seen;
    do {
      seen = pending.get();
      try {
        listener.run();
      } catch (Throwable e) { // also a checked exception that was thrown unseen by the compiler
        LOG.warn("a listener threw", e);
      }
    } while (pending.addAndGet(-seen) != 0);
  }
}
