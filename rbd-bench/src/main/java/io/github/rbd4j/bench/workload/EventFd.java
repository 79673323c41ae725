package io.github.rbd4j.bench.workload;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** An event file descriptor of Linux: a counter that one can wait for. */
final class EventFd {
  private final int number;
  private final MethodHandle read;
  private final MemorySegment count = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

  @SuppressWarnings("restricted")
  EventFd() throws Throwable {
    Linker linker = Linker.nativeLinker();
    number =
        (int)
            linker
                .downcallHandle(
                    linker.defaultLookup().findOrThrow("eventfd"),
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                .invokeExact(0, 0);
    BareMain.check(number);
    read =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("read"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG));
  }

  int number() {
    return number;
  }

  /** Waits until it is more than 0, and makes it 0. */
  void await() {
    try {
      long result = (long) read.invokeExact(number, count, count.byteSize());
      BareMain.check(result);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
