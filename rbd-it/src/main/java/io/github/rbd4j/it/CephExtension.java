package io.github.rbd4j.it;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** The JUnit extension behind {@link CephTest}. */
public final class CephExtension implements ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(CephExtension.class);
  private static final String CLUSTER = "rbd4j.it.cluster";
  private static final String IMAGE = "rbd4j.it.image";
  private static final String POOL = "rbd4j.it.pool";

  /** Made by JUnit. */
  public CephExtension() {}

  /** The cluster of a test run with a connection to it. JUnit closes it after the last test. */
  private static final class Shared implements AutoCloseable {
    final CephCluster ceph;
    final Cluster cluster;

    Shared(ExtensionContext context) {
      ceph =
          CephCluster.choose(
              parameter(context, CLUSTER, "local"),
              parameter(context, IMAGE, CephCluster.DEFAULT_IMAGE));
      try {
        cluster = ceph.client().connect();
      } catch (RuntimeException e) {
        ceph.close();
        throw e;
      }
    }

    @Override
    public void close() {
      try {
        cluster.close();
      } finally {
        ceph.close();
      }
    }
  }

  /**
   * The one attempt of a test run to have a cluster. One that failed is not repeated by each class.
   */
  private static final class Attempt implements AutoCloseable {
    private final @Nullable Shared shared;
    private final @Nullable RuntimeException failure;

    private Attempt(@Nullable Shared shared, @Nullable RuntimeException failure) {
      this.shared = shared;
      this.failure = failure;
    }

    static Attempt make(ExtensionContext context) {
      try {
        return new Attempt(new Shared(context), null);
      } catch (RuntimeException e) {
        return new Attempt(null, e);
      }
    }

    Shared shared() {
      if (failure != null) {
        throw failure;
      }
      return Objects.requireNonNull(shared);
    }

    @Override
    public void close() {
      if (shared != null) {
        shared.close();
      }
    }
  }

  /** A pool that tests use. JUnit closes it after the last of them. */
  private static final class UsedPool implements AutoCloseable {
    private final Cluster cluster;
    private final boolean fresh;
    private final String name;
    final IoContext io;

    private UsedPool(Cluster cluster, String name, boolean fresh) {
      this.cluster = cluster;
      this.name = name;
      this.fresh = fresh;
      this.io = cluster.ioContext(name);
    }

    static UsedPool existing(Cluster cluster, String name) {
      return new UsedPool(cluster, name, false);
    }

    static UsedPool fresh(Cluster cluster) {
      String name = "rbd4j-it-" + UUID.randomUUID();
      cluster.createPool(name);
      UsedPool pool = new UsedPool(cluster, name, true);
      new Rbd(pool.io).initPool(false);
      return pool;
    }

    @Override
    public void close() {
      io.close();
      if (fresh) {
        try {
          cluster.deletePool(name);
        } catch (RbdException e) {
          throw new IllegalStateException(
              "the pool "
                  + name
                  + " of the tests stays behind; let the monitors delete pools"
                  + " (mon_allow_pool_delete = true), or name a pool for the tests with "
                  + POOL,
              e);
        }
      }
    }
  }

  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    return ExtensionContextScope.TEST_METHOD;
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
            .computeIfAbsent(Attempt.class, key -> Attempt.make(context), Attempt.class)
            .shared();
    Class<?> type = parameter.getParameter().getType();
    if (type == CephCluster.class) {
      return shared.ceph;
    }
    if (type == Cluster.class) {
      return shared.cluster;
    }
    IoContext io = pool(context, shared.cluster).io;
    return type == IoContext.class ? io : new Rbd(io);
  }

  private static UsedPool pool(ExtensionContext context, Cluster cluster) {
    String existing = parameter(context, POOL, "");
    if (!existing.isEmpty()) {
      return pool(context.getRoot(), () -> UsedPool.existing(cluster, existing));
    }
    return pool(owner(context), () -> UsedPool.fresh(cluster));
  }

  private static UsedPool pool(ExtensionContext owner, Supplier<UsedPool> make) {
    return owner
        .getStore(NAMESPACE)
        .computeIfAbsent(UsedPool.class, key -> make.get(), UsedPool.class);
  }

  /** The context with whose end the fresh pool goes. */
  private static ExtensionContext owner(ExtensionContext context) {
    ExtensionContext annotated = annotated(context);
    if (annotation(annotated).pool() == CephTest.Pool.PER_CLASS) {
      return annotated;
    }
    if (context.getTestMethod().isEmpty()) {
      throw new ParameterResolutionException(
          "with a pool for each test method there is none outside of them: "
              + context.getDisplayName());
    }
    return context;
  }

  /** The context of the class that has the annotation. */
  private static ExtensionContext annotated(ExtensionContext context) {
    ExtensionContext current = context;
    while (AnnotationSupport.findAnnotation(current.getElement(), CephTest.class).isEmpty()) {
      current =
          current
              .getParent()
              .orElseThrow(
                  () -> new ParameterResolutionException("the class has no @CephTest annotation"));
    }
    return current;
  }

  private static CephTest annotation(ExtensionContext annotated) {
    return AnnotationSupport.findAnnotation(annotated.getElement(), CephTest.class).orElseThrow();
  }

  private static String parameter(ExtensionContext context, String name, String otherwise) {
    return context
        .getConfigurationParameter(name)
        .filter(value -> !value.isBlank())
        .orElse(otherwise);
  }
}
