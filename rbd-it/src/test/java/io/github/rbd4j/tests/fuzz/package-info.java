/** Random calls of the public API, checked against a model of the images that is kept in Java. */
@NullMarked
package io.github.rbd4j.tests.fuzz;

import org.jspecify.annotations.NullMarked;
