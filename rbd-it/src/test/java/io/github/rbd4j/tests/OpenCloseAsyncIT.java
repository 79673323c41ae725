package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.internal.Upcalls;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Images are opened and closed in the background; what nobody takes is closed. */
@CephTest
class OpenCloseAsyncIT {
  private static final long SIZE = 8 << 20;

  private final Rbd shared;
  private final Cluster cluster;
  private final String name = Names.unique("background");

  OpenCloseAsyncIT(Rbd shared, Cluster cluster) {
    this.shared = shared;
    this.cluster = cluster;
  }

  @BeforeEach
  void create() {
    shared.create(name, SIZE);
  }

  @AfterEach
  void remove() {
    awaitNobodyHasItOpen(shared, name);
    shared.remove(name);
    assertThat(Upcalls.registered()).isZero();
  }

  private static void awaitNobodyHasItOpen(Rbd rbd, String name) {
    // An open that nobody waits for may not be known to the cluster yet.
    Await.until("all opens and closes have ended", () -> Upcalls.registered() == 0);
    Await.until(
        "nobody has the image open",
        () -> {
          try (Image image = rbd.openReadOnly(name)) {
            return image.watchers().isEmpty();
          }
        });
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  @Test
  void anImageIsOpenedByNameAndById() throws Exception {
    String id;
    byte[] data = Checks.random(4096, 1);
    try (Image image = get(shared.openAsync(name))) {
      image.writeAt(0, data);
      image.createSnapshot("s");
      image.writeAt(0, new byte[4096]);
      id = image.id();
      assertThat(image.toString()).isEqualTo("image rbd/" + name);
    }
    List<CompletableFuture<Image>> snapshots =
        List.of(
            shared.openAsync(name, OpenOptions.at("s")),
            shared.openByIdAsync(id, OpenOptions.at("s")));
    for (CompletableFuture<Image> opening : snapshots) {
      try (Image image = get(opening)) {
        byte[] back = new byte[4096];
        image.readAt(0, back);
        assertThat(back).isEqualTo(data);
        assertThatThrownBy(() -> image.writeAt(0, data)).isInstanceOf(ReadOnlyImageException.class);
      }
    }
    try (Image image = get(shared.openByIdAsync(id))) {
      assertThat(image.name()).isEqualTo(name);
      image.snapshot("s").remove();
    }
  }

  @Test
  void whatCannotBeOpenedFailsTheFuture() {
    for (CompletableFuture<Image> opening :
        List.of(
            shared.openAsync("missing"),
            shared.openAsync("missing", OpenOptions.forReading()),
            shared.openAsync(name, OpenOptions.at("missing")),
            shared.openByIdAsync("missing"),
            shared.openByIdAsync("missing", OpenOptions.forReading()))) {
      assertThatThrownBy(() -> get(opening))
          .hasCauseInstanceOf(ImageNotFoundException.class)
          .hasMessageContaining("missing");
    }
    assertThatThrownBy(() -> shared.openAsync("")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anImageThatNobodyWaitsForIsClosed() {
    for (int i = 0; i < 20; i++) {
      CompletableFuture<Image> opening = shared.openAsync(name);
      if (opening.cancel(false)) {
        assertThatThrownBy(opening::join).isInstanceOf(CancellationException.class);
      } else {
        opening.join().close();
      }
    }
    awaitNobodyHasItOpen(shared, name); // the images were open, and are closed again
  }

  @Test
  void closingWritesAndHappensOnce() throws Exception {
    Image image = shared.open(name);
    byte[] data = Checks.random(1 << 20, 2);
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      all.add(image.async().write((long) i << 20, MemorySegment.ofArray(data)));
    }
    all.add(image.closeAsync());
    all.add(image.closeAsync());
    CompletableFuture<Void> closing = Await.inBackground(image::close);
    for (CompletableFuture<?> each : all) {
      get(each);
    }
    get(closing);
    assertThat(image.isClosed()).isTrue();
    get(image.closeAsync());
    assertThatThrownBy(image::size).isInstanceOf(IllegalStateException.class);
    try (Image again = shared.openReadOnly(name)) {
      byte[] back = new byte[1 << 20];
      for (int i = 0; i < 8; i++) {
        again.readAt((long) i << 20, back);
        assertThat(back).isEqualTo(data);
      }
    }
  }

  @Test
  void anImageMayBeClosedByWhatDependsOnItsOpening() throws Exception {
    get(shared.openAsync(name).thenCompose(Image::closeAsync).thenRun(() -> {}));
    get(shared.openAsync(name).thenAccept(Image::close));
  }

  @Test
  void aPoolThatIsClosedMeanwhileFailsTheFuture() {
    int refused = 0;
    for (int i = 0; i < 20; i++) {
      IoContext io = cluster.ioContext("rbd");
      CompletableFuture<Image> opening = new Rbd(io).openAsync(name);
      io.close();
      Throwable failure = opening.handle((_, thrown) -> thrown).join();
      if (failure != null) {
        assertThat(failure)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("pool rbd is closed");
        refused++;
      } else {
        assertThat(opening.join().isClosed()).isTrue();
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void nothingIsLostWhileAnOsdIsDown() throws Exception {
    try (CephCluster own = CephCluster.start();
        Cluster connection = own.client().connect();
        IoContext io = connection.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      rbd.create(name, SIZE);
      try (Image image = rbd.open(name)) {
        own.daemon(DaemonAction.PAUSE, "osd.0");
        CompletableFuture<Void> closing;
        CompletableFuture<Image> wanted = rbd.openAsync(name);
        CompletableFuture<Image> unwanted = rbd.openAsync(name);
        closing = image.closeAsync();
        assertThat(unwanted.cancel(true)).isTrue();
        assertThat(wanted.isDone()).isFalse();
        own.daemon(DaemonAction.RESUME, "osd.0");
        get(wanted).close();
        get(closing);
      }
      awaitNobodyHasItOpen(rbd, name);

      IoContext second = connection.ioContext("rbd");
      own.daemon(DaemonAction.PAUSE, "osd.0");
      CompletableFuture<Image> late = new Rbd(second).openAsync(name);
      Await.until("the image is being opened", () -> Upcalls.registered() > 0);
      CompletableFuture<Void> poolClosing = Await.inBackground(second::close);
      Await.until("the pool is being closed", second::isClosed);
      assertThat(late.isDone()).isFalse();
      own.daemon(DaemonAction.RESUME, "osd.0");
      assertThatThrownBy(() -> get(late))
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("pool rbd is closed");
      get(poolClosing);
      awaitNobodyHasItOpen(rbd, name);
      rbd.remove(name);
    }
  }

  @Test
  void anExecutorThatRefusesLosesNothing(CephCluster ceph) throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    executor.shutdown();
    try (Cluster connection = ceph.client().executor(executor).connect();
        IoContext io = connection.ioContext("rbd")) {
      AtomicReference<Thread> thread = new AtomicReference<>();
      Image image =
          get(
              new Rbd(io)
                  .openAsync(name)
                  .whenComplete((_, _) -> thread.set(Thread.currentThread())));
      assertThat(thread.get().isVirtual() || thread.get() == Thread.currentThread()).isTrue();
      get(image.closeAsync());
    }
  }
}
