package io.github.rbd4j.rados;

/**
 * How full a cluster is.
 *
 * @param totalBytes its capacity in bytes
 * @param usedBytes what is used of it in bytes, all replicas counted
 * @param availableBytes what is free in bytes
 * @param objects the number of RADOS objects in it
 */
public record ClusterStats(long totalBytes, long usedBytes, long availableBytes, long objects) {}
