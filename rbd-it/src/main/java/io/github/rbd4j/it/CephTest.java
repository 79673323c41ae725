package io.github.rbd4j.it;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class a Ceph cluster, a connection to it and a fresh pool for images.
 *
 * <p>Constructors, test methods and the methods before and after them can have parameters of these
 * types:
 *
 * <ul>
 *   <li>{@link CephCluster}: the cluster itself. One serves all tests of a run; it starts when it
 *       is first needed and ends after the last test.
 *   <li>{@link io.github.rbd4j.rados.Cluster}: one connection, shared by all tests. Do not close
 *       it.
 *   <li>{@link io.github.rbd4j.rados.IoContext}: a pool that is deleted, with all that is in it,
 *       after the tests that use it. Do not close it.
 *   <li>{@link io.github.rbd4j.Rbd}: a view of that pool.
 * </ul>
 *
 * <p>Configuration parameters of JUnit choose the cluster and the pool: system properties, or lines
 * in a file {@code junit-platform.properties} on the class path.
 *
 * <ul>
 *   <li>{@code rbd4j.it.cluster}: {@code local} (the default) starts plain daemons on this machine,
 *       {@code container} starts a container, and anything else is the path of the configuration
 *       file of a cluster that runs already.
 *   <li>{@code rbd4j.it.image}: the image of the container, {@value CephCluster#DEFAULT_IMAGE}
 *       unless set.
 *   <li>{@code rbd4j.it.pool}: an existing pool to use in place of fresh ones. It is not deleted.
 * </ul>
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(CephExtension.class)
public @interface CephTest {
  /** How long a fresh pool lives. */
  enum Pool {
    /** All tests of the class, and of the classes nested in it, share a pool. */
    PER_CLASS,
    /** Each test method, with the methods before and after it, has a pool of its own. */
    PER_METHOD
  }

  /**
   * How long a fresh pool lives.
   *
   * @return one for the whole class, unless set
   */
  Pool pool() default Pool.PER_CLASS;
}
