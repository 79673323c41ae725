/**
 * The connection to a Ceph cluster: {@link io.github.rbd4j.rados.Cluster}, and {@link
 * io.github.rbd4j.rados.IoContext}, which is one of its pools together with a RADOS namespace.
 */
@NullMarked
package io.github.rbd4j.rados;

import org.jspecify.annotations.NullMarked;
