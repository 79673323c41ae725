package io.github.rbd4j.nio;

import io.github.rbd4j.Image;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.Upcalls;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one thread at a time use what belongs to a stream or a channel. Two threads in one stream
 * would give its memory back twice, and whoever gets it then shares it with somebody else.
 */
final class Turn implements AutoCloseable {
  private final Image image;
  private final ReentrantLock lock = new ReentrantLock();

  Turn(Image image) {
    this.image = image;
  }

  /**
   * Waits for the turn, which {@link #close} ends. Whoever has it can wait for a callback of
   * librbd, so that nobody waits in one.
   */
  Turn take() {
    Upcalls.refuseInsideCallback(Handles.of(image));
    lock.lock();
    return this;
  }

  @Override
  public void close() {
    lock.unlock();
  }
}
