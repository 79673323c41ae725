package io.github.rbd4j;

/**
 * A snapshot in the list of an image.
 *
 * @param id the id
 * @param name the name
 * @param size the size of the image when the snapshot was taken, in bytes
 */
public record SnapshotInfo(long id, String name, long size) {}
