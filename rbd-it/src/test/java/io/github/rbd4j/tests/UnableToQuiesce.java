package io.github.rbd4j.tests;

import io.github.rbd4j.QuiesceListener;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts how often it is asked, and fails each time. */
record UnableToQuiesce(AtomicInteger asked) implements QuiesceListener {
  @Override
  public void quiesce() {
    asked.incrementAndGet();
    throw new IllegalStateException("cannot quiesce");
  }

  @Override
  public void unquiesce() {}
}
