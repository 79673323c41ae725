package io.github.rbd4j;

import io.github.rbd4j.internal.NativeHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The asynchronous operations of an image that hold its handle, or wait to do so. */
final class InFlight {
  private final NativeHandle handle;
  private final Set<AsyncOperation<?>> operations = ConcurrentHashMap.newKeySet();

  InFlight(NativeHandle handle) {
    this.handle = handle;
    handle.whenClosing(() -> operations.forEach(AsyncOperation::imageIsClosing));
  }

  /** Adds an operation. */
  void add(AsyncOperation<?> operation) {
    operations.add(operation);
    if (handle.isClosed()) { // it may have come too late for the walk through the set
      operation.imageIsClosing();
    }
  }

  void remove(AsyncOperation<?> operation) {
    operations.remove(operation);
  }
}
