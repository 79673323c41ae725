package io.github.rbd4j.tests;

/** The tags of tests that not every cluster can serve. */
final class Tags {
  /** Starts clusters of its own from the daemons of this machine, or acts on such daemons. */
  static final String LOCAL_DAEMONS = "local-daemons";

  private Tags() {}
}
