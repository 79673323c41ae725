/**
 * The events for Java Flight Recorder. Their names and fields are what users rely on; the classes
 * are not exported.
 */
@NullMarked
package io.github.rbd4j.jfr;

import org.jspecify.annotations.NullMarked;
