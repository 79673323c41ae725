package io.github.rbd4j.tests;

/** The tags of tests that need more than some cluster. */
public final class Tags {
  /** Starts clusters of its own from the daemons of this machine, or acts on such daemons. */
  public static final String LOCAL_DAEMONS = "local-daemons";

  /** Needs Maven and the jars of this build. */
  static final String BUILD = "build";

  /** Is about the image of {@code docker/build}, and needs it and a container engine. */
  static final String CONTAINER = "container";

  private Tags() {}
}
