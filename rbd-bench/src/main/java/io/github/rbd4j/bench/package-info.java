/**
 * The benchmark: runs rbd4j and its peers in turns on one cluster and compares each pair of turns.
 * The rows of the table are in {@link io.github.rbd4j.bench.Rows}.
 */
@NullMarked
package io.github.rbd4j.bench;

import org.jspecify.annotations.NullMarked;
