package io.github.rbd4j.tests;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.TreeMap;

/** Tells the stub library what to answer, and is told by it what was called. */
final class Stub {
  private static final long CALLS_CAPACITY = 64 << 10;

  /** As in stub.c. */
  enum Mode {
    SUCCEED,
    FAIL,
    FAIL_LATER,
    GROW,
    HUGE_COUNT,
    HUGE_NEEDED,
    NO_TERMINATOR,
    COUNT,
    GARBAGE,
    TRANSFER,
    SHRUNK,
    GROWN
  }

  /** What a function answers; all functions if it has no name. */
  record Answer(Mode mode, long value, String function) {
    static final Answer SUCCESS = new Answer(Mode.SUCCEED, 0, "");

    @Override
    public String toString() {
      return mode + " " + value + (function.isEmpty() ? "" : " of " + function);
    }
  }

  private final MethodHandle answer;
  private final MethodHandle calls;

  @SuppressWarnings("restricted")
  Stub() {
    SymbolLookup library = SymbolLookup.libraryLookup("librbd.so.1", Arena.global());
    Linker linker = Linker.nativeLinker();
    answer =
        linker.downcallHandle(
            library.find("stub_answer").orElseThrow(),
            FunctionDescriptor.ofVoid(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
    calls =
        linker.downcallHandle(
            library.find("stub_calls").orElseThrow(),
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
  }

  /** From now on it answers so, and counts calls anew. */
  @SuppressWarnings("EnumOrdinal") // stub.c has the same order
  void answer(Answer wanted) {
    try (Arena arena = Arena.ofConfined()) {
      answer.invokeExact(wanted.mode.ordinal(), wanted.value, arena.allocateFrom(wanted.function));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The functions that were called since the last answer was set, each with how often. */
  Map<String, Integer> calls() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(CALLS_CAPACITY);
      calls.invokeExact(text, CALLS_CAPACITY);
      Map<String, Integer> counted = new TreeMap<>();
      for (String line : text.getString(0).lines().toList()) {
        String[] words = line.split(" ", 2);
        counted.put(words[0], Integer.parseInt(words[1]));
      }
      return counted;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
