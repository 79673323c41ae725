package io.github.rbd4j.internal;

import io.github.rbd4j.rados.Cluster;
import java.util.UUID;

/**
 * Checks that things fit together. librbd does not: it would use the number of a pool of one
 * cluster for whatever pool has that number in the other one.
 */
public final class SameCluster {
  private SameCluster() {}

  /**
   * Checks that two connections are to one cluster.
   *
   * @throws IllegalArgumentException if not
   */
  public static void require(Cluster one, Cluster other) {
    if (one == other) {
      return;
    }
    UUID id = one.fsid(); // the connection knows it, nobody is asked
    UUID otherId = other.fsid();
    if (!id.equals(otherId)) {
      throw new IllegalArgumentException(
          one + " with the id " + id + " and " + other + " with the id " + otherId + " differ");
    }
  }
}
