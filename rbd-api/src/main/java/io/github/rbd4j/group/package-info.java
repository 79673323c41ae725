/**
 * Groups of images, which are snapshotted together: {@link io.github.rbd4j.group.Groups} is what
 * one does to the groups of a pool, {@link io.github.rbd4j.group.Group} is one of them.
 */
@NullMarked
package io.github.rbd4j.group;

import org.jspecify.annotations.NullMarked;
