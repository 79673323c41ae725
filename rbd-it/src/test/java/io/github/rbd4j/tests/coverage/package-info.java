/** Checks that the tables about the API say the truth: about librbd, and about other bindings. */
@NullMarked
package io.github.rbd4j.tests.coverage;

import org.jspecify.annotations.NullMarked;
