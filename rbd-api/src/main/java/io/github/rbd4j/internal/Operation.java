package io.github.rbd4j.internal;

/**
 * What is being done to what, for errors: {@code new Operation("resize", Subject.IMAGE, "rbd/vm")}.
 *
 * @param name the verb
 * @param subject the kind of thing
 * @param object its full name
 */
public record Operation(String name, Subject subject, String object) {

  /** The operation done to another object than the one that carries it. */
  public Operation on(Subject otherSubject, String otherObject) {
    return new Operation(name, otherSubject, otherObject);
  }

  @Override
  public String toString() {
    return name + " " + subject.describe(object);
  }
}
