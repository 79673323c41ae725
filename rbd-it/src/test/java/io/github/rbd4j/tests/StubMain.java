package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.NativeValue;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.tests.Stub.Answer;
import io.github.rbd4j.tests.Stub.Mode;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Calls the whole API on the stub library, with every answer that it can give. */
public final class StubMain {
  private static final int ERRNOS = 133;
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private static final long[] NUMBERS = {
    1, -1, 0x7b7b7b7b7b7b7b7bL, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE
  };

  private final Stub stub = new Stub();
  private final Cluster cluster = Cluster.builder().connect();
  private final IoContext io = cluster.ioContext("rbd");
  private final Rbd rbd = new Rbd(io);
  private final Image image = rbd.open("x");
  private final PublicApi api =
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
          image.watch(() -> {}),
          image.snapshot("snapshot"),
          image.advisoryLocks(),
          image.exclusiveLock(),
          new ImageMirror(image),
          new Encryption(image));

  private final Set<String> wrong = new TreeSet<>();
  private final Set<String> kept = new TreeSet<>();
  private int most;
  private String mostOf = "";

  private StubMain() {}

  /** Something to do on the stub, with what it needs for each time. */
  private record Task<P>(
      String name, Callable<P> preparation, Function<P, PublicApi.Outcome> work) {}

  /** What came of a task, and how often it called which function. */
  private record Result(PublicApi.Outcome outcome, Map<String, Integer> calls) {
    @Nullable Throwable thrown() {
      return outcome.thrown();
    }
  }

  private List<Task<?>> methods() {
    List<Task<?>> tasks = new ArrayList<>();
    for (PublicApi.Call call : api.calls()) {
      if (!call.method().getName().equals("watchQuiesce")) { // only the first one begins anew
        tasks.add(
            new Task<>(
                call.toString(),
                () -> api.arguments(call),
                arguments -> PublicApi.invoke(call, arguments, LIMIT)));
      }
    }
    return tasks;
  }

  private static PublicApi.Outcome close(AutoCloseable object) {
    try {
      object.close();
      return new PublicApi.Outcome(null, null);
    } catch (Exception e) {
      return new PublicApi.Outcome(null, e);
    }
  }

  /** What is not a method of an object that goes on to live. */
  private List<Task<?>> beginningsAndEnds() {
    return List.of(
        new Task<>("ClusterBuilder.connect", Cluster::builder, b -> close(() -> b.connect())),
        new Task<>("Cluster.close", () -> Cluster.builder().connect(), StubMain::close),
        new Task<>("IoContext.close", () -> cluster.ioContext("rbd"), StubMain::close),
        new Task<>("Image.close", () -> rbd.open("x"), StubMain::close),
        new Task<>(
            "Image.closeAsync", () -> rbd.open("x"), i -> PublicApi.get(i.closeAsync(), LIMIT)),
        new Task<>("ImageWatch.close", () -> image.watch(() -> {}), StubMain::close),
        new Task<>("Image.watchQuiesce", () -> rbd.open("x"), i -> close(() -> watchQuiesce(i))),
        new Task<>("QuiesceWatch.close", () -> watchQuiesce(image), StubMain::close));
  }

  private static QuiesceWatch watchQuiesce(Image image) {
    return image.watchQuiesce(PublicApi.quiesceListener(() -> {}), LIMIT);
  }

  private <P> Result run(Task<P> task, Answer answer) {
    P prepared;
    try {
      prepared = task.preparation.call();
    } catch (Exception e) {
      throw new AssertionError(task.name, e);
    }
    stub.answer(answer);
    long start = System.nanoTime();
    PublicApi.Outcome outcome = task.work.apply(prepared);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    Map<String, Integer> calls = stub.calls();
    stub.answer(Answer.SUCCESS);
    if (taken.compareTo(LIMIT) > 0) {
      complain(task, answer, "took " + taken);
    }
    return new Result(outcome, calls);
  }

  private void complain(Task<?> task, Answer answer, Object what) {
    wrong.add(task.name + ": " + answer + ": " + what);
  }

  private static String describe(Throwable thrown) {
    return thrown + " at " + thrown.getStackTrace()[0];
  }

  // ------------------------------------------------------------------------------------ errnos

  private void errnos() {
    List<Task<?>> tasks = new ArrayList<>(methods());
    tasks.addAll(beginningsAndEnds());
    Set<String> callNothing = new TreeSet<>();
    for (Task<?> task : tasks) {
      Result good = run(task, Answer.SUCCESS);
      if (good.thrown() != null && !StubRules.MISS_SOMETHING.contains(task.name)) {
        complain(task, Answer.SUCCESS, describe(good.thrown()));
      }
      if (good.calls.isEmpty()) {
        callNothing.add(task.name);
      }
      errnos(task, good.calls.keySet());
    }
    if (!callNothing.equals(StubRules.CALL_NOTHING)) {
      wrong.add("these call nothing: " + callNothing);
    }
    System.out.println(tasks.size() - callNothing.size() + " methods reported errnos");
  }

  /** Every errno out of every function that a task calls, at once and later. */
  private void errnos(Task<?> task, Set<String> called) {
    Set<String> known = new TreeSet<>(called);
    Deque<String> functions = new ArrayDeque<>(known);
    while (!functions.isEmpty()) {
      String function = functions.remove();
      for (int errno = 1; errno <= ERRNOS; errno++) {
        for (Mode mode : StubRules.failures(function)) {
          Answer answer = new Answer(mode, -errno, function);
          Result result = run(task, answer);
          if (result.calls.containsKey(function) && !StubRules.isIgnored(function)) {
            judge(task, answer, errno, result.thrown());
          }
          result.calls.keySet().stream().filter(known::add).forEach(functions::add);
        }
      }
    }
  }

  private void judge(Task<?> task, Answer answer, int errno, @Nullable Throwable thrown) {
    if (thrown == null) {
      if (!StubRules.isValue(task.name, answer.function(), errno)) {
        complain(task, answer, "is passed over");
      }
    } else if (!(thrown instanceof RbdException e
        && e.errno() == StubRules.meaning(task.name, answer.function(), errno))) {
      complain(task, answer, describe(thrown));
    }
  }

  // ----------------------------------------------------------------------------------- answers

  private void hostile() throws IOException {
    List<Task<?>> tasks = methods();
    tasks.forEach(task -> run(task, Answer.SUCCESS));
    long before = memory("VmRSS");
    tasks.forEach(task -> hostile(task, Mode.GROW, 1));
    for (Mode mode : List.of(Mode.GROW, Mode.HUGE_COUNT, Mode.HUGE_NEEDED, Mode.NO_TERMINATOR)) {
      tasks.forEach(task -> hostile(task, mode, 0));
    }
    for (long value : NUMBERS) {
      tasks.forEach(task -> hostile(task, Mode.COUNT, value));
      tasks.forEach(task -> hostile(task, Mode.GARBAGE, value));
    }
    System.out.println("kept: " + kept);
    System.out.println("at most " + most + " calls of one function, " + mostOf);
    System.out.println("at most " + (memory("VmHWM") - before) / 1024 + " MiB more");
  }

  /** A number of KiB that the kernel tells of this process. */
  private static long memory(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(field + ":")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new AssertionError(field);
  }

  /** One answer, which is no error, of all functions together and of each alone. */
  private void hostile(Task<?> task, Mode mode, long value) {
    hostile(task, new Answer(mode, value, ""));
    for (String function : run(task, Answer.SUCCESS).calls.keySet()) {
      hostile(task, new Answer(mode, value, function));
    }
  }

  private void hostile(Task<?> task, Answer answer) {
    Result result = run(task, answer);
    Throwable thrown = result.thrown();
    if (thrown != null
        && !(thrown instanceof RbdException)
        && !StubRules.mayRefuse(task.name, answer, thrown)) {
      complain(task, answer, describe(thrown));
    }
    Object value = result.outcome.value();
    if (task.name.contains(".read")
        && value instanceof Number count
        && count.longValue() > PublicApi.SIZE) {
      complain(task, answer, "has read " + count);
    }
    if (value instanceof List<?> list && list.size() >= PublicApi.MAX_ELEMENTS) {
      complain(task, answer, "has no end");
    }
    if (answer.mode() == Mode.GARBAGE && answer.function().isEmpty()) {
      keepsNumbers(task, value, (int) answer.value());
    }
    result.calls.forEach(
        (function, count) -> {
          if (count > most) {
            most = count;
            mostOf = function + " by " + task.name + ": " + answer;
          }
        });
  }

  /** A number that no constant has is {@code UNKNOWN}, and is there beside it. */
  private void keepsNumbers(Task<?> task, @Nullable Object value, int garbage) {
    switch (value) {
      case null -> {}
      case Optional<?> optional -> optional.ifPresent(v -> keepsNumbers(task, v, garbage));
      case Map.Entry<?, ?> entry -> keepsNumbers(task, entry.getValue(), garbage);
      case Collection<?> all -> all.forEach(v -> keepsNumbers(task, v, garbage));
      case Record result -> {
        Map<String, Object> components = components(result);
        components.forEach(
            (name, component) -> {
              if (component instanceof NativeValue constant) {
                Object number = components.getOrDefault(name + "Value", "nothing");
                if (number.equals(garbage)) {
                  kept.add(result.getClass().getSimpleName() + "." + name);
                } else if (!number.equals(0)) { // which is what librbd did not store
                  wrong.add(task.name + ": " + garbage + " becomes " + result);
                }
                if (constant.value() != Integer.MIN_VALUE && !number.equals(constant.value())) {
                  wrong.add(task.name + ": " + number + " is no " + constant);
                }
              }
              keepsNumbers(task, component, garbage);
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

  /**
   * Prints what is wrong, then what was seen. The argument is {@code errnos} or {@code hostile}.
   */
  public static void main(String[] arguments) throws IOException {
    StubMain main = new StubMain();
    if (arguments[0].equals("errnos")) {
      main.errnos();
    } else {
      main.hostile();
    }
    main.wrong.forEach(line -> System.out.println("wrong: " + line));
    Runtime.getRuntime().halt(0); // nothing can be closed on the stub
  }
}
