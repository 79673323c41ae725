package io.github.rbd4j.internal;

/** Told, on a thread of librbd, when the users of an image shall pause and may go on. */
public interface QuiesceCallbacks {
  /** Called once for each quiesce, which waits until it is completed. */
  void onQuiesce();

  /** Called when writing may go on. */
  void onUnquiesce();
}
