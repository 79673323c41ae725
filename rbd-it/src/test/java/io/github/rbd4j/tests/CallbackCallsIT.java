package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What code of users does in each kind of callback: whatever it calls is refused or works, and
 * whatever it throws keeps nothing from going on.
 */
@CephTest
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CallbackCallsIT {
  private static final long OBJECT = 4 << 20;
  private static final Duration QUIESCE_LIMIT = Duration.ofSeconds(3);

  private final CephCluster ceph;
  private final String name = Names.unique("callback");

  /** What runs the tasks of the connection. */
  private volatile Executor executor = Thread::startVirtualThread;

  private Cluster cluster;
  private IoContext io;
  private Rbd rbd;
  private Image image;
  private Image other;

  CallbackCallsIT(CephCluster ceph) {
    this.ceph = ceph;
  }

  /** A connection of its own: the callbacks close it. */
  @BeforeEach
  void open() {
    cluster = ceph.client().executor(task -> executor.execute(task)).connect();
    io = cluster.ioContext("rbd");
    rbd = new Rbd(io);
    rbd.create(name, 4 * OBJECT);
    image = rbd.open(name);
    other = rbd.open(name);
    image.writeAt(0, new byte[(int) (3 * OBJECT)]);
    image.flush();
  }

  @AfterEach
  void remove() {
    cluster.close();
    try (Cluster again = ceph.client().connect()) {
      Rbd pool = new Rbd(again.ioContext("rbd"));
      try (Image left = pool.open(name)) {
        left.snapshots().forEach(snapshot -> left.snapshot(snapshot.name()).remove());
      }
      pool.remove(name);
    }
  }

  /** Where code of users runs. */
  private enum Callback {
    PROGRESS(true),
    DIFF(true),
    COMPLETION_ON_LIBRBD_THREAD(true),
    COMPLETION_ON_EXECUTOR(false),
    WATCH(false),
    QUIESCE(false),
    UNQUIESCE(false),
    COMPLETION_ON_CALLER(true),
    WATCH_ON_CALLER(true),
    QUIESCE_ON_CALLER(true),
    UNQUIESCE_ON_CALLER(true);

    /** Whether it is a thread of librbd, where blocking calls are refused. */
    final boolean refuses;

    Callback(boolean refuses) {
      this.refuses = refuses;
    }

    /** Whether the executor of the connection runs its tasks on the thread that brings them. */
    boolean onCaller() {
      return name().endsWith("_ON_CALLER");
    }
  }

  /** Has the code run once in such a callback, and returns when it is done. */
  private void runIn(Callback callback, Runnable code) throws Exception {
    AtomicBoolean first = new AtomicBoolean(true);
    CompletableFuture<Void> done = new CompletableFuture<>();
    Runnable once =
        () -> {
          if (first.getAndSet(false)) {
            try {
              code.run();
            } finally {
              done.complete(null);
            }
          }
        };
    if (callback.onCaller()) {
      executor = Runnable::run;
    }
    switch (callback) {
      case PROGRESS -> {
        try {
          image.resize(OBJECT, true, (_, _) -> once.run());
        } finally {
          image.resize(4 * OBJECT, true);
        }
      }
      case DIFF ->
          image.diffIterate(
              DiffOptions.sinceBeginning(),
              (_, _, _) -> {
                once.run();
                return true;
              });
      case COMPLETION_ON_LIBRBD_THREAD, COMPLETION_ON_CALLER -> {
        boolean always = callback == Callback.COMPLETION_ON_LIBRBD_THREAD;
        Thread self = Thread.currentThread();
        // One that is done at once runs what depends on it here.
        while (!done.isDone()) {
          CompletableFuture<Void> dependent =
              image
                  .async(AsyncOptions.defaults().onLibrbdThread(always))
                  .read(0, Arena.ofAuto().allocate(OBJECT))
                  .thenAccept(
                      _ -> {
                        if (Thread.currentThread() != self) {
                          once.run();
                        }
                      });
          dependent.exceptionally(_ -> null).get(60, TimeUnit.SECONDS);
        }
      }
      case COMPLETION_ON_EXECUTOR ->
          image
              .async()
              .read(0, Arena.ofAuto().allocate(OBJECT))
              .thenAccept(_ -> once.run())
              .exceptionally(_ -> null)
              .get(90, TimeUnit.SECONDS);
      case WATCH, WATCH_ON_CALLER -> {
        ImageWatch _ = image.watch(once);
        other.createSnapshot("news");
        done.get(90, TimeUnit.SECONDS);
      }
      case QUIESCE, UNQUIESCE, QUIESCE_ON_CALLER, UNQUIESCE_ON_CALLER -> {
        boolean whilePreparing =
            callback == Callback.QUIESCE || callback == Callback.QUIESCE_ON_CALLER;
        QuiesceWatch _ =
            image.watchQuiesce(
                new QuiesceListener() {
                  @Override
                  public void quiesce() {
                    if (whilePreparing) {
                      once.run();
                    }
                  }

                  @Override
                  public void unquiesce() {
                    if (!whilePreparing) {
                      once.run();
                    }
                  }
                },
                QUIESCE_LIMIT);
        try {
          other.createSnapshot("paused");
        } catch (RbdException | IllegalStateException e) {
          // The listener failed, took too long, or closed the image.
        }
        done.get(90, TimeUnit.SECONDS);
      }
    }
    done.get(90, TimeUnit.SECONDS);
  }

  private Map<String, Runnable> calls() {
    Map<String, Runnable> calls = new LinkedHashMap<>();
    calls.put("read", () -> image.readAt(0, new byte[1]));
    calls.put("write", () -> image.writeAt(0, new byte[1]));
    calls.put("flush", image::flush);
    calls.put("size", image::size);
    calls.put("list snapshots", image::snapshots);
    calls.put("create a snapshot", () -> image.createSnapshot("inside"));
    calls.put("diff", () -> image.diff(DiffOptions.sinceBeginning()));
    calls.put("resize", () -> image.resize(8 * OBJECT, true));
    calls.put("watch", () -> image.watch(() -> {}));
    calls.put("watchers", image::watchers);
    calls.put("metadata", image::metadata);
    // What is done already would not be waited for.
    Executor later = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
    calls.put(
        "wait for a read",
        () ->
            image
                .async()
                .read(0, Arena.ofAuto().allocate(8))
                .thenApplyAsync(count -> count, later)
                .join());
    calls.put("read another handle", () -> other.readAt(0, new byte[1]));
    calls.put("list", rbd::list);
    calls.put("open and close", () -> rbd.open(name).close());
    calls.put("ask the cluster", cluster::fsid);
    calls.put("close another handle", other::close);
    calls.put("close", image::close);
    calls.put("close the pool", io::close);
    calls.put("close the cluster", cluster::close);
    return calls;
  }

  @ParameterizedTest
  @EnumSource(Callback.class)
  void noCallFromACallbackHangs(Callback callback) throws Exception {
    Map<String, Throwable> thrown = new ConcurrentHashMap<>();
    Map<String, Runnable> calls = calls();
    runIn(
        callback,
        () ->
            calls.forEach(
                (what, call) -> {
                  try {
                    call.run();
                  } catch (Throwable e) {
                    thrown.put(what, e);
                  }
                }));
    if (callback.refuses) {
      assertThat(thrown.keySet()).isEqualTo(calls.keySet());
      assertThat(thrown)
          .allSatisfy(
              (_, e) ->
                  assertThat(e)
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessageContaining("from inside a callback of librbd"));
      assertThat(cluster.isClosed()).isFalse();
    } else if (callback == Callback.QUIESCE || callback == Callback.UNQUIESCE) {
      // A snapshot waits for this very listener to end, until the limit is over.
      thrown.remove("create a snapshot");
      assertThat(thrown).isEmpty();
    } else {
      assertThat(thrown).isEmpty();
      assertThat(cluster.isClosed()).isTrue();
    }
  }

  private static int recurse(int depth) {
    return depth < 0 ? 0 : recurse(depth + 1) + 1;
  }

  /** Where somebody waits it comes out there, else it goes to the log; other calls go on. */
  @ParameterizedTest
  @EnumSource(Callback.class)
  void whateverIsThrownInACallbackKeepsNothingFromGoingOn(Callback callback) throws Exception {
    List<Runnable> throwing =
        List.of(
            () -> {
              throw new IllegalArgumentException("an exception");
            },
            () -> {
              throw new AssertionError("an error");
            },
            () -> {
              throw Checks.<RuntimeException>sneaky(new IOException("a checked exception"));
            },
            () -> recurse(0));
    for (Runnable code : throwing) {
      AtomicInteger ran = new AtomicInteger();
      try {
        runIn(
            callback,
            () -> {
              ran.incrementAndGet();
              code.run();
            });
      } catch (Throwable comesOut) {
        assertThat(comesOut)
            .isInstanceOfAny(
                IllegalArgumentException.class,
                AssertionError.class,
                IOException.class,
                StackOverflowError.class);
      }
      assertThat(ran).as(callback.name()).hasValue(1);
      assertThat(image.readAt(0, new byte[1])).isEqualTo(1);
      image.snapshots().forEach(snapshot -> image.snapshot(snapshot.name()).remove());
    }
    image.close();
    other.close();
    assertThat(Upcalls.registered()).isZero();
  }

  private enum Failing implements Executor {
    REFUSING {
      @Override
      public void execute(Runnable task) {
        throw new RejectedExecutionException("thrown by the test");
      }
    },
    WITHOUT_THREADS {
      @Override
      public void execute(Runnable task) {
        throw new OutOfMemoryError("thrown by the test");
      }
    }
  }

  /** Somebody waits for what it was to run. Only a snapshot is not taken without its listener. */
  @ParameterizedTest
  @EnumSource(Failing.class)
  void anExecutorThatFailsLosesNothing(Failing failing) throws Exception {
    executor = failing;
    for (Callback callback :
        List.of(Callback.COMPLETION_ON_EXECUTOR, Callback.WATCH, Callback.WATCH)) {
      AtomicInteger ran = new AtomicInteger();
      runIn(callback, ran::incrementAndGet);
      assertThat(ran).as(callback.name()).hasValue(1);
      image.snapshots().forEach(snapshot -> image.snapshot(snapshot.name()).remove());
    }
    rbd.openAsync(name).get(60, TimeUnit.SECONDS).closeAsync().get(60, TimeUnit.SECONDS);
    AtomicInteger heard = new AtomicInteger();
    try (QuiesceWatch _ =
        image.watchQuiesce(
            new QuiesceListener() {
              @Override
              public void quiesce() {
                heard.incrementAndGet();
              }

              @Override
              public void unquiesce() {
                heard.incrementAndGet();
              }
            },
            Duration.ofMinutes(1))) {
      assertThatThrownBy(() -> other.createSnapshot("unprepared")).isInstanceOf(RbdException.class);
    }
    assertThat(heard).hasValue(0);
    assertThat(image.snapshots()).isEmpty();
  }

  /** A listener that closes its watch when this is ended does so on another thread than that. */
  @Test
  void aListenerThatIsToldOfTheEndByTheCallerMayClose() throws Exception {
    executor = Runnable::run;
    CompletableFuture<Void> prepared = new CompletableFuture<>();
    CompletableFuture<Void> goOn = new CompletableFuture<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    CompletableFuture<QuiesceWatch> self = new CompletableFuture<>();
    QuiesceWatch watch =
        image.watchQuiesce(
            new QuiesceListener() {
              @Override
              public void quiesce() {
                prepared.complete(null);
                goOn.join();
              }

              @Override
              public void unquiesce() {
                self.join().close();
                image.close();
                closed.complete(null);
              }
            },
            Duration.ofMinutes(1));
    self.complete(watch);
    CompletableFuture<Void> snapshot =
        Await.inBackground(() -> other.createSnapshot("while it is closed"));
    prepared.get(60, TimeUnit.SECONDS);
    Thread closing = Thread.ofPlatform().start(image::close);
    Await.until("the image is closing", image::isClosed);
    goOn.complete(null);
    assertThat(closing.join(Duration.ofSeconds(60))).isTrue();
    closed.get(60, TimeUnit.SECONDS);
    snapshot.handle((_, _) -> true).get(60, TimeUnit.SECONDS);
  }

  /** One that throws is told of the next news all the same, whatever it threw. */
  @ParameterizedTest
  @EnumSource(Thrown.class)
  void aWatchGoesOnAfterItsListenerThrew(Thrown kind) {
    AtomicInteger heard = new AtomicInteger();
    try (ImageWatch _ =
        image.watch(
            () -> {
              heard.incrementAndGet();
              throw Checks.<RuntimeException>sneaky(kind.make());
            })) {
      for (int i = 0; i < 3; i++) {
        int before = heard.get();
        other.createSnapshot("s" + i);
        Await.until("the listener is called", () -> heard.get() > before);
      }
    }
  }

  private enum Thrown {
    EXCEPTION,
    CHECKED,
    ERROR,
    STACK_OVERFLOW;

    Throwable make() {
      return switch (this) {
        case EXCEPTION -> new IllegalStateException("thrown by the test");
        case CHECKED -> new IOException("thrown by the test");
        case ERROR -> new AssertionError("thrown by the test");
        case STACK_OVERFLOW -> throw new AssertionError("the stack has no end: " + recurse(0));
      };
    }
  }
}
