package io.github.rbd4j;

/**
 * The images of a pool and namespace, added up.
 *
 * @param images the number of images
 * @param provisionedBytes the sizes of the images
 * @param maxProvisionedBytes the sizes of the images, each at its largest, snapshots included
 * @param snapshots the number of snapshots
 * @param trashImages the number of images in the trash
 * @param trashProvisionedBytes the sizes of the images in the trash
 * @param trashMaxProvisionedBytes the sizes of the images in the trash, each at its largest
 * @param trashSnapshots the number of snapshots of images in the trash
 */
public record PoolImageStats(
    long images,
    long provisionedBytes,
    long maxProvisionedBytes,
    long snapshots,
    long trashImages,
    long trashProvisionedBytes,
    long trashMaxProvisionedBytes,
    long trashSnapshots) {}
