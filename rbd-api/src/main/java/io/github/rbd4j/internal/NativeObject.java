package io.github.rbd4j.internal;

/**
 * What every public object with a native handle is: closeable, named, watched for leaks.
 *
 * <p>The handle is kept apart from this object: a parent holds the handles of its children, so that
 * it can close them although nobody holds the objects any more.
 */
public abstract class NativeObject implements AutoCloseable {
  final NativeHandle handle;

  /** Wraps a handle. */
  protected NativeObject(NativeHandle handle) {
    this.handle = handle;
    LeakDetector.watch(this, handle);
  }

  /**
   * Closes the object. Calls that are running finish first; every later call throws {@link
   * IllegalStateException}. What was opened from this object is closed with it. Closing twice does
   * nothing. How long a close can take is bounded by the time-outs of the cluster connection.
   *
   * @throws IllegalStateException if called from inside a callback of the native library
   */
  @Override
  public void close() {
    handle.close();
  }

  /**
   * Whether the object was closed.
   *
   * @return true once {@link #close()} was called, here or on what this object was opened from
   */
  public final boolean isClosed() {
    return handle.isClosed();
  }

  @Override
  public String toString() {
    return handle.toString();
  }
}
