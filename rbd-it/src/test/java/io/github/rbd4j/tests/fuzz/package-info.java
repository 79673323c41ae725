/** Random calls of the public API, checked against a model of the images that is kept in Java. */
package io.github.rbd4j.tests.fuzz;
