/** The program behind {@code bin/demo}: a tour of the library on a real cluster. */
@NullMarked
package io.github.rbd4j.demo;

import org.jspecify.annotations.NullMarked;
