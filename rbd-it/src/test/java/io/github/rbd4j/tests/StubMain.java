package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.NativeValue;
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
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Calls the whole API on the stub library, with every answer that it can give. */
public final class StubMain {
  private static final int ERRNOS = 133;
  private static final int ENOENT = 2;
  private static final int E2BIG = 7;
  private static final int EINVAL = 22;
  private static final int ERANGE = 34;
  private static final int ENAMETOOLONG = 36;
  private static final Set<String> SIZED_BY_VALUE =
      Set.of(
          "Cluster.config[String]",
          "Cluster.fsid[]",
          "Cluster.pool[long]",
          "Image.blockNamePrefix[]");
  private static final Set<String> MIGRATION =
      Set.of("Image.migrationSourceSpec[]", "Migration.status[String]");

  /** What does not exist is a value here. */
  private static final Set<String> MAY_BE_EMPTY =
      Set.of("ExclusiveLock.owners[]", "Image.parent[]", "Rbd.exists[String]");

  private static final long[] NUMBERS = {
    1, -1, 0x7b7b7b7b7b7b7b7bL, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE
  };
  private static final Duration LIMIT = Duration.ofSeconds(5);

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

  private final MethodHandle answer;
  private final PublicApi api;
  private final Set<String> wrong = new TreeSet<>();
  private final Set<String> reports = new TreeSet<>();
  private final Set<String> kept = new TreeSet<>();
  private final Map<String, Set<Integer>> silent = new TreeMap<>();

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
            new Encryption(image));
  }

  @SuppressWarnings("EnumOrdinal") // stub.c has the same order
  private void answer(Mode mode, long value) {
    try {
      answer.invokeExact(mode.ordinal(), value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Every errno out of every function, at once and later. */
  private void errnos() {
    for (int errno = 1; errno <= ERRNOS; errno++) {
      for (PublicApi.Call call : api.calls()) {
        Throwable thrown = outcome(call, Mode.FAIL, -errno).thrown();
        if (thrown instanceof RbdException e) {
          reports.add(call.toString());
          if (e.errno() != meaning(call, errno)) {
            wrong.add("errno " + errno + " of " + call + " becomes " + e);
          }
        } else if (thrown == null) {
          silent.computeIfAbsent(call.toString(), _ -> new TreeSet<>()).add(errno);
        } else {
          judge(call, Mode.FAIL, -errno, thrown);
        }
        Throwable later = outcome(call, Mode.FAIL_LATER, -errno).thrown();
        if (!(later instanceof RbdException)) {
          judge(call, Mode.FAIL_LATER, -errno, later);
        }
      }
    }
    silent.forEach(
        (call, errnos) -> {
          if (reports.contains(call)
              && !(errnos.equals(Set.of(ENOENT)) && MAY_BE_EMPTY.contains(call))) {
            wrong.add(call + " is silent about " + errnos);
          }
        });
  }

  /** What a user is told. Where the size of a buffer goes by value, three errnos mean the same. */
  private static int meaning(PublicApi.Call call, int errno) {
    if (errno == EINVAL && MIGRATION.contains(call.toString())) {
      return ENOENT;
    }
    return (errno == E2BIG || errno == ENAMETOOLONG) && SIZED_BY_VALUE.contains(call.toString())
        ? ERANGE
        : errno;
  }

  /** One answer, which is no error, of all functions. */
  private void hostile(Mode mode, long value) {
    for (PublicApi.Call call : api.calls()) {
      PublicApi.Outcome outcome = outcome(call, mode, value);
      if (!(outcome.thrown() instanceof RbdException)) {
        judge(call, mode, value, outcome.thrown());
      }
      if (call.method().getName().startsWith("read")
          && outcome.value() instanceof Number count
          && count.longValue() > PublicApi.SIZE) {
        wrong.add(call + ": " + mode + " " + value + ": has read " + count);
      }
      if (outcome.value() instanceof List<?> list && list.size() >= PublicApi.MAX_ELEMENTS) {
        wrong.add(call + ": " + mode + " " + value + ": has no end");
      }
      if (mode == Mode.GARBAGE) {
        keepsNumbers(call, outcome.value(), (int) value);
      }
    }
  }

  private PublicApi.Outcome outcome(PublicApi.Call call, Mode mode, long value) {
    Object[] arguments = api.arguments(call);
    answer(mode, value);
    long start = System.nanoTime();
    PublicApi.Outcome outcome = PublicApi.invoke(call, arguments, LIMIT);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    answer(Mode.SUCCEED, 0);
    if (taken.compareTo(LIMIT) > 0) {
      wrong.add(call + ": " + mode + " " + value + ": took " + taken);
    }
    return outcome;
  }

  /** A number that no constant has is {@code UNKNOWN}, and is there beside it. */
  private void keepsNumbers(PublicApi.Call call, @Nullable Object value, int garbage) {
    switch (value) {
      case null -> {}
      case Optional<?> optional -> optional.ifPresent(v -> keepsNumbers(call, v, garbage));
      case Map.Entry<?, ?> entry -> keepsNumbers(call, entry.getValue(), garbage);
      case Collection<?> all -> all.forEach(v -> keepsNumbers(call, v, garbage));
      case Record result -> {
        Map<String, Object> components = components(result);
        components.forEach(
            (name, component) -> {
              if (component instanceof NativeValue constant) {
                Object number = components.getOrDefault(name + "Value", "nothing");
                if (number.equals(garbage)) {
                  kept.add(result.getClass().getSimpleName() + "." + name);
                } else if (!number.equals(0)) { // which is what librbd did not store
                  wrong.add(call + ": " + garbage + " becomes " + result);
                }
                if (constant.value() != Integer.MIN_VALUE && !number.equals(constant.value())) {
                  wrong.add(call + ": " + number + " is no " + constant);
                }
              }
              keepsNumbers(call, component, garbage);
            });
      }
      default -> {}
    }
  }

  private static Map<String, Object> components(Record result) {
    Map<String, Object> components = new LinkedHashMap<>();
    for (RecordComponent component : result.getClass().getRecordComponents()) {
      try {
        Object value = component.getAccessor().invoke(result);
        if (value != null) {
          components.put(component.getName(), value);
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(component.toString(), e);
      }
    }
    return components;
  }

  /** Besides a value and an RbdException only these may come out. */
  private void judge(PublicApi.Call call, Mode mode, long value, @Nullable Throwable thrown) {
    boolean allowed =
        thrown == null
            || thrown.getClass() == IllegalArgumentException.class
            || thrown instanceof UnsupportedOperationException;
    if (!allowed) {
      wrong.add(
          call + ": " + mode + " " + value + ": " + thrown + " at " + thrown.getStackTrace()[0]);
    }
  }

  /**
   * Prints what is wrong, then how many methods reported errnos. The argument is {@code errnos} or
   * {@code hostile}.
   */
  public static void main(String[] arguments) {
    StubMain main = new StubMain();
    if (arguments[0].equals("errnos")) {
      main.errnos();
    } else {
      for (Mode mode : List.of(Mode.GROW, Mode.HUGE_COUNT, Mode.HUGE_NEEDED, Mode.NO_TERMINATOR)) {
        main.hostile(mode, 0);
      }
      for (long value : NUMBERS) {
        main.hostile(Mode.COUNT, value);
        main.hostile(Mode.GARBAGE, value);
      }
    }
    main.wrong.forEach(line -> System.out.println("wrong: " + line));
    System.out.println("kept: " + main.kept);
    System.out.println(main.reports.size() + " methods reported errnos");
    Runtime.getRuntime().halt(0); // nothing can be closed on the stub
  }
}
