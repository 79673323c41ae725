/**
 * Images out of a cluster and into one, in the formats of the {@code rbd} program, and from one
 * cluster to another.
 *
 * <ul>
 *   <li>{@link io.github.rbd4j.transfer.ImageExporter} and {@link
 *       io.github.rbd4j.transfer.ImageImporter}: raw data, whole images with their snapshots
 *       ({@code --export-format 2}), and differences ({@code export-diff}).
 *   <li>{@link io.github.rbd4j.transfer.DiffMerger}: two differences into one.
 *   <li>{@link io.github.rbd4j.transfer.ImageCopier}: verified copies between clusters.
 *   <li>{@link io.github.rbd4j.transfer.DiskUsage}: what images take.
 * </ul>
 *
 * <p>Data goes through native memory, of which each image that takes part has at most {@link
 * io.github.rbd4j.transfer.TransferOptions#parallelism} + 1 blocks of 4 MiB. A stream that is not
 * what it should be ends in a {@link io.github.rbd4j.transfer.MalformedStreamException}, which says
 * where. An image that was begun and not finished is removed again.
 */
@NullMarked
package io.github.rbd4j.transfer;

import org.jspecify.annotations.NullMarked;
