package io.github.rbd4j.rados;

/**
 * What a pool holds and what it has done since it was created.
 *
 * @param usedBytes the space it uses in bytes
 * @param objects the number of its objects
 * @param objectClones the number of clones of objects, which snapshots cause
 * @param objectCopies objects multiplied by replicas
 * @param objectsMissingOnPrimary objects that the primary OSD lacks
 * @param objectsUnfound objects that no OSD has
 * @param objectsDegraded objects with too few replicas
 * @param readOperations the number of reads
 * @param readBytes the bytes read
 * @param writeOperations the number of writes
 * @param writtenBytes the bytes written
 */
public record PoolStats(
    long usedBytes,
    long objects,
    long objectClones,
    long objectCopies,
    long objectsMissingOnPrimary,
    long objectsUnfound,
    long objectsDegraded,
    long readOperations,
    long readBytes,
    long writeOperations,
    long writtenBytes) {}
