package io.github.rbd4j.it;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class a Ceph cluster. One cluster serves all tests of a run; it is started when
 * first needed. With {@code -Drbd4j.it.conf=PATH} it is the one that this client configuration
 * names.
 *
 * <p>Constructors and test methods can have parameters of these types: {@link CephCluster}, {@link
 * io.github.rbd4j.rados.Cluster} (one connection, shared by all tests), {@link
 * io.github.rbd4j.rados.IoContext} (the pool {@code rbd}, shared) and {@link io.github.rbd4j.Rbd}
 * (a view of that).
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(CephExtension.class)
public @interface CephTest {}
