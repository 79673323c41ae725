package io.github.rbd4j.tests;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;

/** A pool of its own for a test that needs two; it goes with all that is in it. */
final class SecondPool implements AutoCloseable {
  private final Cluster cluster;
  private final String name = Names.unique("pool");
  private final IoContext io;

  SecondPool(Cluster cluster) {
    this.cluster = cluster;
    cluster.createPool(name);
    this.io = cluster.ioContext(name);
    rbd().initPool(true);
  }

  String name() {
    return name;
  }

  IoContext io() {
    return io;
  }

  Rbd rbd() {
    return new Rbd(io);
  }

  @Override
  public void close() {
    io.close();
    cluster.deletePool(name);
  }
}
