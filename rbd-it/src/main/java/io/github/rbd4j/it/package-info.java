/**
 * Ceph clusters for tests: {@link io.github.rbd4j.it.CephTest} gives one to JUnit tests, {@link
 * io.github.rbd4j.it.CephCluster} starts one from plain daemons on this machine, {@link
 * io.github.rbd4j.it.CephContainer} in a container.
 */
@NullMarked
package io.github.rbd4j.it;

import org.jspecify.annotations.NullMarked;
