package io.github.rbd4j.internal;

/** Told the result of an asynchronous call of librbd, once, on a thread of librbd. */
@FunctionalInterface
public interface CompletionListener {
  /** Takes note of the result; must be quick, must not block and must not run user code. */
  void onCompletion(long result);
}
