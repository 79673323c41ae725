package io.github.rbd4j.tests;

import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephContainer;

/** Asks for a cluster in a container, in both ways, and prints what it is told. */
final class NoEngineMain {
  private NoEngineMain() {}

  static void main() {
    ask(() -> CephCluster.container("rbd4j/ceph-demo"));
    ask(() -> new CephContainer("rbd4j/ceph-demo").start());
  }

  private static void ask(Runnable question) {
    try {
      question.run();
      IO.println("there is an engine");
    } catch (IllegalStateException e) {
      IO.println(e.getMessage());
    }
  }
}
