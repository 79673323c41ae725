/** Allocation and overhead of calls, measured by JMH. */
@NullMarked
package io.github.rbd4j.bench.jmh;

import org.jspecify.annotations.NullMarked;
