package io.github.rbd4j.internal;

/** The way from a public object to its handle, for the other packages of this module. */
public final class Handles {
  private Handles() {}

  /** The handle of an object. */
  public static NativeHandle of(NativeObject object) {
    return object.handle;
  }
}
