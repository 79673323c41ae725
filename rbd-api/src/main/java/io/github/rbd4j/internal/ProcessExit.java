package io.github.rbd4j.internal;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the process ends when threads of the native library cannot be ended before. */
final class ProcessExit {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessExit.class);

  private ProcessExit() {}

  /**
   * Lets the process end without the destructors of C++ libraries, which would free what threads of
   * librbd still use. The status stays what it is.
   *
   * <p>A handler of {@code on_exit} is given the status first and anything second, so that {@code
   * _exit}, which takes the status, can be one. The handler that was added last runs first, and no
   * other one runs after {@code _exit}. Only glibc has {@code on_exit}.
   */
  static void skipTeardown() {
    try {
      Optional<MethodHandle> onExit = LibcFunction.ON_EXIT.find();
      Optional<MemorySegment> exitNow = Linker.nativeLinker().defaultLookup().find("_exit");
      if (onExit.isPresent() && exitNow.isPresent()) {
        int _ = (int) onExit.get().invokeExact(exitNow.get(), MemorySegment.NULL);
      }
    } catch (Throwable e) { // the process is about to end anyway
      LOG.debug("the C++ libraries will be torn down at the exit", e);
    }
  }
}
