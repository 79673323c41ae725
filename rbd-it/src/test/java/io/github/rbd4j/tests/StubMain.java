package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Calls the whole API on the stub library, with every answer that it can give. */
public final class StubMain {
  private static final int ERRNOS = 133;
  private static final int ERANGE = 34;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** As in stub.c. */
  private enum Mode {
    SUCCEED,
    FAIL,
    FAIL_LATER,
    GROW,
    HUGE_COUNT,
    HUGE_NEEDED,
    NO_TERMINATOR,
    HUGE_RESULT
  }

  private final MethodHandle answer;
  private final PublicApi api;
  private final Set<String> wrong = new TreeSet<>();
  private final Set<String> failedRightly = new TreeSet<>();

  @SuppressWarnings("restricted")
  private StubMain() {
    SymbolLookup stub = SymbolLookup.libraryLookup("librbd.so.1", Arena.global());
    answer =
        Linker.nativeLinker()
            .downcallHandle(
                stub.find("stub_answer").orElseThrow(),
                FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    Cluster cluster = Cluster.builder().connect();
    IoContext io = cluster.ioContext("rbd");
    Rbd rbd = new Rbd(io);
    Image image = rbd.open("x");
    api =
        new PublicApi(
            cluster,
            io,
            rbd,
            rbd.trash(),
            rbd.migration(),
            rbd.namespaces(),
            new Groups(io),
            new Groups(io).group("group"),
            new Mirror(io),
            image,
            image.async(),
            image.snapshot("snapshot"),
            image.advisoryLocks(),
            image.exclusiveLock(),
            new ImageMirror(image),
            new Encryption(image),
            new ImageOptions());
  }

  private void answer(Mode mode, long value) {
    try {
      answer.invokeExact(mode.ordinal(), value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Every errno out of every function, at once and later. */
  private void errnos() {
    for (Mode mode : new Mode[] {Mode.FAIL, Mode.FAIL_LATER}) {
      for (int errno = 1; errno <= ERRNOS; errno++) {
        for (PublicApi.Call call : api.calls()) {
          Object[] arguments = api.arguments(call);
          answer(mode, -errno);
          Throwable thrown = timed(call, arguments).thrown();
          answer(Mode.SUCCEED, 0);
          if (thrown instanceof RbdException e
              && (e.errno() == errno || e.errno() == ERANGE || mode == Mode.FAIL_LATER)) {
            if (e.errno() == errno) {
              failedRightly.add(call.toString());
            }
          } else {
            judge(mode + " " + errno, call, thrown);
          }
        }
      }
    }
  }

  private void hostile(Mode mode, long value) {
    for (PublicApi.Call call : api.calls()) {
      Object[] arguments = api.arguments(call);
      answer(mode, value);
      Throwable thrown = timed(call, arguments).thrown();
      answer(Mode.SUCCEED, 0);
      if (!(thrown instanceof RbdException)) {
        judge(mode + " " + value, call, thrown);
      }
    }
  }

  private PublicApi.Outcome timed(PublicApi.Call call, Object[] arguments) {
    if (Boolean.getBoolean("stub.trace")) {
      System.err.println(call);
    }
    long start = System.nanoTime();
    PublicApi.Outcome outcome = PublicApi.invoke(call, arguments, LIMIT);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    if (taken.compareTo(LIMIT) > 0) {
      wrong.add(call + " took " + taken);
    }
    return outcome;
  }

  private void judge(String answer, PublicApi.Call call, Throwable thrown) {
    boolean documented =
        thrown == null
            || thrown.getClass() == IllegalArgumentException.class
            || thrown instanceof UnsupportedOperationException;
    if (!documented) {
      StackTraceElement[] trace = thrown.getStackTrace();
      wrong.add(
          answer.replaceFirst("(FAIL\\w*) .*", "$1")
              + ": " + call + ": " + thrown + " at " + (trace.length > 0 ? trace[0] : "?"));
    }
  }

  /** Prints what came out, and how many methods reported an errno of the library. */
  public static void main(String[] arguments) {
    StubMain main = new StubMain();
    if (arguments.length == 0 || arguments[0].equals("errnos")) {
      main.errnos();
    }
    if (arguments.length == 0 || arguments[0].equals("hostile")) {
      main.hostile(Mode.GROW, 0);
      main.hostile(Mode.HUGE_COUNT, 0);
      main.hostile(Mode.HUGE_NEEDED, 0);
      main.hostile(Mode.NO_TERMINATOR, 0);
      for (long value : new long[] {1, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE}) {
        main.hostile(Mode.HUGE_RESULT, value);
      }
    }
    main.wrong.forEach(line -> System.out.println("wrong: " + line));
    var counts = new TreeMap<String, Integer>();
    counts.put("methods", main.api.calls().size());
    counts.put("failed", main.failedRightly.size());
    System.out.println(counts);
    Runtime.getRuntime().halt(main.wrong.isEmpty() ? 0 : 1);
  }
}
