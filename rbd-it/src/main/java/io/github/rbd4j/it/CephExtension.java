package io.github.rbd4j.it;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The JUnit extension behind {@link CephTest}. */
public final class CephExtension implements ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(CephExtension.class);

  /** Made by JUnit. */
  public CephExtension() {}

  /** The cluster of a test run with a connection to it. JUnit closes it after the last test. */
  private static final class Shared implements AutoCloseable {
    final CephCluster ceph;
    final Cluster cluster;
    final IoContext io;

    Shared() {
      String conf = System.getProperty("rbd4j.it.conf", "");
      ceph = conf.isEmpty() ? CephCluster.start() : CephCluster.existing(Path.of(conf));
      try {
        cluster = ceph.client().connect();
      } catch (RuntimeException e) {
        ceph.close();
        throw e;
      }
      io = cluster.ioContext("rbd");
    }

    @Override
    public void close() {
      cluster.close();
      ceph.close();
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == CephCluster.class
        || type == Cluster.class
        || type == IoContext.class
        || type == Rbd.class;
  }

  @Override
  public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Shared shared =
        context
            .getRoot()
            .getStore(NAMESPACE)
            .computeIfAbsent(Shared.class, key -> new Shared(), Shared.class);
    Class<?> type = parameter.getParameter().getType();
    if (type == CephCluster.class) {
      return shared.ceph;
    }
    if (type == Cluster.class) {
      return shared.cluster;
    }
    return type == IoContext.class ? shared.io : new Rbd(shared.io);
  }
}
