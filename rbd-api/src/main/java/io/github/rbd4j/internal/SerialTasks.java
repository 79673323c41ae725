package io.github.rbd4j.internal;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs tasks on an executor, one after the other, in the order in which they came. */
public final class SerialTasks {
  private static final Logger LOG = LoggerFactory.getLogger(SerialTasks.class);

  private final Executor executor;
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
  private boolean running;

  /** Makes an empty queue. */
  public SerialTasks(Executor executor) {
    this.executor = executor;
  }

  /**
   * Runs a task after those before it.
   *
   * @throws RuntimeException if the executor refuses it; it does not run then
   */
  public void execute(Runnable task) {
    add(task, executor);
  }

  /** Runs a task after those before it, on a thread of its own if the executor fails to. */
  public void executeAnyhow(Runnable task) {
    add(task, work -> Background.executeAnyhow(executor, work));
  }

  private void add(Runnable task, Executor starter) {
    synchronized (waiting) {
      waiting.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    try {
      starter.execute(this::drain);
    } catch (Throwable e) { // also that no thread could be started
      synchronized (waiting) {
        waiting.remove(task);
        running = !waiting.isEmpty();
        if (running) { // others have relied on this thread
          var _ = Thread.startVirtualThread(this::drain);
        }
      }
      throw e;
    }
  }

  private void drain() {
    for (Runnable task = next(); task != null; task = next()) {
      try {
        task.run();
      } catch (Throwable thrown) { // or the tasks behind it would wait for ever
        LOG.error("a task failed", thrown);
      }
    }
  }

  private @Nullable Runnable next() {
    synchronized (waiting) {
      Runnable task = waiting.poll();
      running = task != null;
      return task;
    }
  }
}
