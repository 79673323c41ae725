package io.github.rbd4j.tests;

import java.util.concurrent.atomic.AtomicLong;

/** Names that no other test uses, also not in a cluster that outlives the test run. */
final class Names {
  private static final AtomicLong NEXT = new AtomicLong(System.currentTimeMillis() * 1000);

  private Names() {}

  static String unique(String prefix) {
    return prefix + "-" + Long.toString(NEXT.getAndIncrement(), Character.MAX_RADIX);
  }
}
