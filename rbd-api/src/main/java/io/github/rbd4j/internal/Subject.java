package io.github.rbd4j.internal;

/** The kind of thing an operation is about; it decides what ENOENT and EEXIST mean. */
public enum Subject {
  CLUSTER("cluster"),
  POOL("pool"),
  NAMESPACE("namespace"),
  IMAGE("image"),
  SNAPSHOT("snapshot"),
  GROUP("group"),
  KEY("key"),
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
