package io.github.rbd4j;

/**
 * A client that has an image open for writing.
 *
 * @param address its address, which {@link io.github.rbd4j.rados.Cluster#blocklist} takes
 * @param id its number, see {@link io.github.rbd4j.rados.Cluster#instanceId}
 * @param cookie tells several watches of one client apart
 */
public record Watcher(String address, long id, long cookie) {}
