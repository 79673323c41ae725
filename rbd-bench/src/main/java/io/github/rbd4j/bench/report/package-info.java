/** How results are shown: a table, JSON, a page with plots. */
@NullMarked
package io.github.rbd4j.bench.report;

import org.jspecify.annotations.NullMarked;
