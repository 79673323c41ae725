package io.github.rbd4j.nio;

import io.github.rbd4j.Image;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import java.io.IOException;
import java.nio.channels.NonWritableChannelException;

/** Turns what librbd reports into what users of channels and streams expect. */
final class ChannelFailures {
  private ChannelFailures() {}

  /** Something that uses an image. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws IOException;
  }

  /** Runs an action that opens an image. */
  static <T> T translate(Action<T> action) throws IOException {
    try {
      return action.run();
    } catch (RbdException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Runs an action on an image; only one that nobody can write is no writable channel. */
  static <T> T translate(Image image, Action<T> action) throws IOException {
    return translate(
        () -> {
          try {
            return action.run();
          } catch (ReadOnlyImageException e) {
            if (image.isWritable()) {
              throw e;
            }
            NonWritableChannelException refused = new NonWritableChannelException();
            refused.initCause(e);
            throw refused;
          }
        });
  }
}
