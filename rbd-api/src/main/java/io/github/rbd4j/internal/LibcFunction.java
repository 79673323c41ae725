package io.github.rbd4j.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * What rbd4j calls besides librbd and librados: functions of the C library. No other class makes
 * handles of native functions, so that the metadata for native images can be complete.
 *
 * @param symbol its name in C
 * @param type its parameters and its result
 */
public record LibcFunction(String symbol, FunctionDescriptor type) {
  /** Allocates memory. */
  static final LibcFunction MALLOC =
      new LibcFunction("malloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

  /** Allocates memory with an alignment. */
  static final LibcFunction ALIGNED_ALLOC =
      new LibcFunction(
          "aligned_alloc",
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

  /** Frees memory. */
  static final LibcFunction FREE =
      new LibcFunction("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

  /** Registers what is called at the exit of the process. Only glibc has it. */
  static final LibcFunction ON_EXIT =
      new LibcFunction(
          "on_exit",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

  /** All of them. */
  public static final List<LibcFunction> ALL = List.of(MALLOC, ALIGNED_ALLOC, FREE, ON_EXIT);

  /** The handle that calls it, if the C library has it. */
  @SuppressWarnings("restricted")
  Optional<MethodHandle> find() {
    Linker linker = Linker.nativeLinker();
    return linker.defaultLookup().find(symbol).map(address -> linker.downcallHandle(address, type));
  }
}
