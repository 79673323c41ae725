package io.github.rbd4j.internal;

import java.lang.foreign.MemorySegment;

/** Told, on a thread of librados, what is sent to the watchers of a RADOS object. */
public interface NotifyCallbacks {
  /** Called for each notification, whose sender waits until it is acknowledged. */
  void onNotify(long notification, long watch, MemorySegment data);

  /** Called when notifications may have been missed. */
  void onMissed();
}
