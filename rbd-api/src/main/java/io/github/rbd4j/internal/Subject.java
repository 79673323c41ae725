package io.github.rbd4j.internal;

/** The kind of thing an operation is about; it decides what some errnos mean. */
public enum Subject {
  CLUSTER("cluster"),
  POOL("pool"),
  NAMESPACE("namespace"),
  IMAGE("image"),
  SNAPSHOT("snapshot"),
  GROUP("group"),
  KEY("key"),
  /** The encryption of an image that is open. */
  ENCRYPTION("image"),
  OTHER("");

  private final String noun;

  Subject(String noun) {
    this.noun = noun;
  }

  /** {@code image rbd/vm-1}. */
  String describe(String name) {
    return noun.isEmpty() ? name : noun + " " + name;
  }
}
