package io.github.rbd4j.internal;

/** Throws what was kept of something that ran elsewhere. */
public final class Rethrow {
  private Rethrow() {}

  /**
   * Throws it as it is, also a checked exception: the code of the user that threw it knows it.
   *
   * @return never, so that a caller can write {@code throw}
   */
  public static RuntimeException asIs(Throwable kept) {
    throw Rethrow.<RuntimeException>unchecked(kept);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T unchecked(Throwable kept) throws T {
    throw (T) kept;
  }
}
