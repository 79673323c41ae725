/** What rbd4j, and rados-java, do when it is their turn; in JVMs of their own. */
@NullMarked
package io.github.rbd4j.bench.workload;

import org.jspecify.annotations.NullMarked;
