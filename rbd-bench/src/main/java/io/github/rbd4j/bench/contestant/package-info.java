/** The programs that are compared, and how they are told to work. */
@NullMarked
package io.github.rbd4j.bench.contestant;

import org.jspecify.annotations.NullMarked;
