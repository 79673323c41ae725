package io.github.rbd4j.tests;

import com.sun.management.ThreadMXBean;
import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.Image;
import io.github.rbd4j.IncompleteWriteException;
import io.github.rbd4j.IoFlag;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;

/** Reads and writes on the stub library, which no cluster answers as it does. */
public final class StubDataMain {
  private static final int BLOCK = 4096;
  private static final int CALLS = 1_000_000;
  private static final int ROUNDS = 20;
  private static final SymbolLookup STUB = stub();
  private static final MethodHandle ANSWER =
      function(
          "stub_answer", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
  private static final MethodHandle FLAGS =
      function("stub_flags", FunctionDescriptor.of(ValueLayout.JAVA_INT));

  private final Image image = new Rbd(Cluster.builder().connect().ioContext("rbd")).open("x");
  private final AsyncImage async = image.async();
  private final MemorySegment memory = Arena.ofAuto().allocate(BLOCK);

  private StubDataMain() {}

  @SuppressWarnings("restricted")
  private static SymbolLookup stub() {
    return SymbolLookup.libraryLookup("librbd.so.1", Arena.global());
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(STUB.find(name).orElseThrow(), descriptor);
  }

  @SuppressWarnings("EnumOrdinal") // stub.c has the same order
  private static void answer(StubMain.Mode mode, long value) {
    try {
      ANSWER.invokeExact(mode.ordinal(), value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void say(String what, Object result) {
    System.out.println(what + ": " + result);
  }

  private void allocations() {
    answer(StubMain.Mode.TRANSFER, BLOCK);
    say("a read allocates", perCall(() -> image.readAt(0, memory)));
    say("a write allocates", perCall(() -> image.writeAt(0, memory)));
  }

  /** What a call takes of the heap once it is compiled, which can last for some rounds. */
  private static String perCall(Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < CALLS; i++) {
        call.run();
      }
      bytes = threads.getCurrentThreadAllocatedBytes() - before;
      if ((double) bytes / CALLS < 0.01) {
        return "nothing";
      }
    }
    return bytes + " bytes in " + CALLS + " calls";
  }

  /** Another client changes the size at the worst moment. */
  private void sizes() {
    answer(StubMain.Mode.TRANSFER, 100);
    say("short write", written(() -> image.writeAt(0, memory)));
    say("short discard", written(() -> image.discard(0, BLOCK)));
    say("short pattern", written(() -> image.writeSame(0, 2 * BLOCK, memory)));
    answer(StubMain.Mode.SHRUNK, 1000);
    say("cut off write", written(() -> async.write(10, memory).join()));
    answer(StubMain.Mode.SHRUNK, 1000);
    say("cut off vector", written(() -> async.writev(10, List.of(memory)).join()));
    answer(StubMain.Mode.SHRUNK, 1000);
    say("lost discard", written(() -> async.discard(2000, BLOCK).join()));
    answer(StubMain.Mode.GROWN, BLOCK);
    say("read where it grows", image.readAt(0, memory));
    answer(StubMain.Mode.GROWN, BLOCK);
    say("asynchronous read where it grows", async.read(0, memory).join());
    answer(StubMain.Mode.GROWN, BLOCK);
    say("vector where it grows", async.readv(0, List.of(memory)).join());
  }

  private static Object written(Runnable write) {
    try {
      write.run();
      return "all";
    } catch (IncompleteWriteException e) {
      return e.bytesWritten();
    } catch (CompletionException e) {
      return e.getCause() instanceof IncompleteWriteException incomplete
          ? incomplete.bytesWritten()
          : e.getCause();
    }
  }

  private void flags() throws Throwable {
    Set<IoFlag> fua = Set.of(IoFlag.FUA);
    async.writeZeroes(0, BLOCK, false, fua).join();
    say("zeroes", (int) FLAGS.invokeExact() == IoFlag.FUA.bit());
    async.writeSame(0, BLOCK, memory, Set.of(IoFlag.NO_CACHE)).join();
    say("pattern", (int) FLAGS.invokeExact() == IoFlag.NO_CACHE.bit());
    async.compareAndWrite(0, memory, memory, fua).join();
    say("compare", (int) FLAGS.invokeExact() == IoFlag.FUA.bit());
    async.compareAndWrite(0, List.of(memory), List.of(memory), Set.of(IoFlag.RANDOM)).join();
    say("compare vectors", (int) FLAGS.invokeExact() == IoFlag.RANDOM.bit());
    async.writeZeroes(0, BLOCK, false).join();
    say("no hints", (int) FLAGS.invokeExact() == 0);
  }

  /** Prints what happens. The argument is {@code allocations}, {@code sizes} or {@code flags}. */
  public static void main(String[] arguments) throws Throwable {
    StubDataMain main = new StubDataMain();
    switch (arguments[0]) {
      case "allocations" -> main.allocations();
      case "sizes" -> main.sizes();
      case "flags" -> main.flags();
      default -> throw new AssertionError(arguments[0]);
    }
    Runtime.getRuntime().halt(0); // nothing can be closed on the stub
  }
}
