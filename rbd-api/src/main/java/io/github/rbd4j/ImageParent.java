package io.github.rbd4j;

/**
 * What a clone was made from.
 *
 * @param image the image
 * @param snapshotId the id of its snapshot
 * @param snapshotName the name of its snapshot
 * @param snapshotType whom the snapshot belongs to
 * @param snapshotTypeValue the number of that, also when this version of rbd4j does not know it
 */
public record ImageParent(
    LinkedImage image,
    long snapshotId,
    String snapshotName,
    SnapshotNamespaceType snapshotType,
    int snapshotTypeValue) {}
