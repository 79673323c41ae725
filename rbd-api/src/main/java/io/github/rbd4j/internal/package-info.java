/**
 * The one way down to the native libraries: handles, calls and their errors, buffers that grow,
 * upcalls, staging memory, symbols. Not exported.
 */
@NullMarked
package io.github.rbd4j.internal;

import org.jspecify.annotations.NullMarked;
