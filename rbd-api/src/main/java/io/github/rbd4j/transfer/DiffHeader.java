package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import org.jspecify.annotations.Nullable;

/**
 * What a difference begins with.
 *
 * @param fromSnapshot the snapshot on which it builds, or null for an empty image
 * @param toSnapshot the snapshot to which it leads, or null for an image without one
 * @param isProtected whether that snapshot is protected; only version 2 says so
 * @param size the size to which it leads, in bytes
 */
@Preview
public record DiffHeader(
    @Nullable String fromSnapshot, @Nullable String toSnapshot, boolean isProtected, long size) {}
