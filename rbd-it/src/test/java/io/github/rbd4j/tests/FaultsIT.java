package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.ClientBlocklistedException;
import io.github.rbd4j.ClusterConnectionException;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.PoolNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephCluster.DaemonAction;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.ClusterBuilder;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the cluster can do to a client, on three OSDs with real disks and three copies of the data:
 * which exception comes, within which time, whether the handle works again, and that what was
 * flushed is there. {@code docs/faults.md} has the table of it.
 */
@Tag(Tags.LOCAL_DAEMONS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultsIT {
  private static final Logger LOG = LoggerFactory.getLogger(FaultsIT.class);
  private static final long SIZE = 4 << 20;
  private static final List<String> OSDS = List.of("osd.0", "osd.1", "osd.2");

  /** The time-out of an impatient client for OSDs and monitors. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** After which a time-out of that client must have come, also on a busy machine. */
  private static final Duration IN_TIME = PATIENCE.plusSeconds(5);

  /** The same for a flush, which may wait twice: for the data, and for the object map. */
  private static final Duration FLUSH_IN_TIME = IN_TIME.plus(PATIENCE);

  /** How long something may take that needs no time-out. */
  private static final Duration SOON = Duration.ofSeconds(5);

  /** After that time without a sign of life the cluster forgets the watch of a client. */
  private static final Duration WATCH_TIMEOUT = Duration.ofSeconds(5);

  private final CephCluster ceph =
      CephCluster.start(
          new CephCluster.Layout(
              OSDS.size(),
              CephCluster.Store.BLUESTORE,
              List.of(
                  "osd pool default size = 3",
                  "osd pool default min size = 2",
                  // Longer than the impatience of a client, and short enough for a test.
                  "osd heartbeat interval = 1",
                  "osd heartbeat grace = 6",
                  "mon osd adjust heartbeat grace = false",
                  "mon osd down out interval = 3600",
                  "osd client watch timeout = " + WATCH_TIMEOUT.toSeconds())));
  private final Cluster patient = ceph.client().connect();
  private final IoContext patientIo = patient.ioContext("rbd");
  private final Rbd patientRbd = new Rbd(patientIo);

  @AfterAll
  void stop() {
    patient.close();
    ceph.close();
  }

  @BeforeAll
  void user() {
    ceph.createUser("reader", "mon", "profile rbd", "osd", "profile rbd-read-only");
    ceph.createUser("tenant", "mon", "profile rbd", "osd", "profile rbd pool=rbd namespace=own");
    ceph.rbd("namespace", "create", "rbd/own");
  }

  private ClusterBuilder impatient() {
    return ceph.client().osdTimeout(PATIENCE).monTimeout(PATIENCE).connectTimeout(PATIENCE);
  }

  // ------------------------------------------------------------------------------------ checks

  /** Runs a call that may hang, and gives what it threw, or null. */
  private static Throwable outcome(Duration limit, Runnable call) {
    CompletableFuture<Void> end = Await.inBackground(call);
    long start = System.nanoTime();
    Throwable thrown = null;
    try {
      end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      thrown =
          e.getCause() instanceof CompletionException asynchronous
              ? asynchronous.getCause()
              : e.getCause();
    } catch (TimeoutException e) {
      throw new AssertionError("did not end within " + limit, e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    LOG.info("after {} ms: {}", (System.nanoTime() - start) / 1_000_000, String.valueOf(thrown));
    return thrown;
  }

  private static void fails(Class<? extends Throwable> type, Duration limit, Runnable call) {
    assertThat(outcome(limit, call)).isExactlyInstanceOf(type);
  }

  private static void works(Duration limit, Runnable call) {
    Throwable thrown = outcome(limit, call);
    if (thrown != null) {
      throw new AssertionError(thrown);
    }
  }

  /** Many small objects, so that every OSD has some first copies. */
  private static void create(Rbd rbd, String name) {
    ImageOptions options = new ImageOptions().order(16);
    rbd.create(name, SIZE, options);
  }

  /** All of it, since the cache of librbd may answer for what was just written. */
  private static void read(Image image) {
    image.readAt(0, new byte[(int) SIZE]);
  }

  private static void write(Image image, long seed) {
    image.writeAt(0, Bytes.random(4096, seed));
  }

  private static void writeAsynchronously(Image image) {
    image.async().write(0, MemorySegment.ofArray(Bytes.random(4096, 8))).join();
  }

  private static void writeAndFlush(Image image) {
    writeAndFlush(image, 7);
  }

  private static void writeAndFlush(Image image, long seed) {
    write(image, seed);
    image.flush();
  }

  /** That an image begins with what {@link #writeAndFlush(Image, long)} wrote, for others, too. */
  private void assertBeginsWith(long seed, String spec) {
    Bytes.assertEqual(Arrays.copyOf(exported(spec), 4096), Bytes.random(4096, seed));
  }

  private static void readAsynchronously(Image image) {
    image.async().read(0, Arena.ofAuto().allocate(SIZE)).join();
  }

  /** The content of an image as the rbd program sees it. */
  private byte[] exported(String spec) {
    return ceph.tool("rbd", new byte[0], "export", "--no-progress", spec, "-").output();
  }

  /** An image that is written and flushed, again and again. */
  private static final class Load implements AutoCloseable {
    final String name = Names.unique("fault");
    final WriteLedger ledger = new WriteLedger(name.hashCode(), SIZE);
    final Image image;
    private final Predicate<RbdException> expected;
    private final CompletableFuture<Void> thread;
    private volatile boolean stopped;

    Load(Rbd rbd, Predicate<RbdException> expected) {
      this.expected = expected;
      create(rbd, name);
      image = rbd.open(name);
      thread = Await.inBackground(this::write);
      awaitFlushes();
    }

    private void write() {
      while (!stopped) {
        try {
          ledger.writeAndFlush(image);
        } catch (RbdException e) {
          if (!expected.test(e)) {
            throw e;
          }
        }
      }
    }

    /** Waits until it got some more rounds done. */
    void awaitFlushes() {
      long enough = ledger.flushes() + 10;
      Await.until("writing goes on", () -> thread.isDone() || ledger.flushes() >= enough);
      assertThat(thread).isNotCompletedExceptionally();
    }

    /** Waits until a call failed, and checks that the ones that do are in time. */
    void awaitFailure() {
      Await.until("a call fails", () -> ledger.failures() > 0);
      assertThat(ledger.slowestFailure()).isLessThanOrEqualTo(FLUSH_IN_TIME);
    }

    void stop() {
      stopped = true;
      thread.join();
      assertThat(ledger.slowestFailure()).isLessThanOrEqualTo(FLUSH_IN_TIME);
    }

    @Override
    public void close() {
      stopped = true;
      image.close();
    }
  }

  // -------------------------------------------------------------------------------------- OSDs

  @Test
  void pausedOsd() {
    try (Cluster cluster = impatient().connect();
        Load hurried =
            new Load(
                new Rbd(cluster.ioContext("rbd")), OperationTimeoutException.class::isInstance);
        Load calm = new Load(patientRbd, _ -> false)) {
      ceph.daemon(DaemonAction.PAUSE, "osd.0");
      hurried.awaitFailure();
      // The cluster notices, and both go on with two OSDs, each with the handle that it has.
      calm.awaitFlushes();
      hurried.awaitFlushes();
      ceph.daemon(DaemonAction.RESUME, "osd.0");
      calm.awaitFlushes();
      hurried.awaitFlushes();
      calm.stop();
      hurried.stop();
      assertThat(calm.ledger.failures()).isZero();
      calm.ledger.assertPaidBy(exported("rbd/" + calm.name));
      hurried.ledger.assertPaidBy(exported("rbd/" + hurried.name));
    }
    awaitClean();
  }

  @Test
  void killedOsdUnderLoad() {
    try (Load load = new Load(patientRbd, _ -> false)) {
      for (String osd : OSDS) {
        ceph.daemon(DaemonAction.KILL, osd);
        load.awaitFlushes();
        ceph.daemon(DaemonAction.START, osd);
        load.awaitFlushes();
        awaitClean(); // the next one must not take the last good copy
      }
      load.stop();
      assertThat(load.ledger.failures()).isZero();
      load.ledger.assertPaidBy(exported("rbd/" + load.name));
    }
  }

  @Test
  void allOsdsGone() {
    try (Cluster cluster = impatient().connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      try (Load load = new Load(rbd, OperationTimeoutException.class::isInstance)) {
        create(rbd, load.name + "-closed");
        Image closed = rbd.open(load.name + "-closed");
        create(rbd, load.name + "-flushed");
        Image flushed = rbd.open(load.name + "-flushed");
        writeAndFlush(flushed);
        OSDS.parallelStream().forEach(osd -> ceph.daemon(DaemonAction.KILL, osd));
        load.awaitFailure();
        fails(OperationTimeoutException.class, IN_TIME, () -> write(flushed, 8));
        fails(OperationTimeoutException.class, IN_TIME, () -> read(load.image));
        fails(OperationTimeoutException.class, IN_TIME, () -> readAsynchronously(load.image));
        fails(OperationTimeoutException.class, IN_TIME, () -> rbd.open(load.name).close());
        fails(OperationTimeoutException.class, IN_TIME, rbd::list);
        works(FLUSH_IN_TIME, closed::close);
        OSDS.parallelStream().forEach(osd -> ceph.daemon(DaemonAction.START, osd));
        load.awaitFlushes();
        load.stop();
        works(SOON, () -> read(load.image));
        load.ledger.assertPaidBy(exported("rbd/" + load.name));
        works(SOON, () -> writeAndFlush(flushed, 9));
        assertBeginsWith(9, "rbd/" + load.name + "-flushed");
      }
    }
    awaitClean();
  }

  /** A flush that begins after a write failed would not tell of it: the write does. */
  @Test
  void writeThatFailedBeforeTheFlush() {
    assertSurvivesOutage(
        impatient(),
        image -> {
          fails(OperationTimeoutException.class, IN_TIME, () -> write(image, 8));
          fails(OperationTimeoutException.class, IN_TIME, () -> writeAsynchronously(image));
          fails(OperationTimeoutException.class, IN_TIME, () -> image.discard(0, 1 << 16));
          fails(OperationTimeoutException.class, IN_TIME, () -> image.writeZeroes(0, 1 << 16));
        },
        7);
  }

  /** What the cache acknowledges and cannot write stays in it until it can. */
  @Test
  void writesThatTheCacheAcknowledges() {
    assertSurvivesOutage(
        impatient().option("rbd_cache_policy", "writeback"),
        image -> {
          works(SOON, () -> write(image, 8));
          fails(OperationTimeoutException.class, FLUSH_IN_TIME, image::flush);
        },
        8);
  }

  /**
   * Does something to an image that begins with 7 while all OSDs are gone. A flush afterwards is
   * good, and then the image begins with {@code seed}.
   */
  private void assertSurvivesOutage(ClusterBuilder client, Consumer<Image> meanwhile, long seed) {
    try (Cluster cluster = client.connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      String name = Names.unique("outage");
      create(rbd, name);
      try (Image image = rbd.open(name)) {
        writeAndFlush(image);
        OSDS.parallelStream().forEach(osd -> ceph.daemon(DaemonAction.KILL, osd));
        try {
          meanwhile.accept(image);
        } finally {
          OSDS.parallelStream().forEach(osd -> ceph.daemon(DaemonAction.START, osd));
          awaitClean();
        }
        works(SOON, image::flush);
      }
      assertBeginsWith(seed, "rbd/" + name);
    }
  }

  private void awaitClean() {
    Await.until(
        "all is clean",
        () -> {
          String pgs = ceph.ceph("pg", "stat");
          String osds = ceph.ceph("osd", "stat");
          return osds.contains("3 up")
              && pgs.contains("active+clean")
              && !pgs.matches("(?s).*(degraded|peering|undersized|stale|unknown|down).*");
        });
  }

  // ---------------------------------------------------------------------------------- monitors

  @Test
  void restartedMonitor() {
    try (Cluster cluster = impatient().connect();
        Load load = new Load(patientRbd, _ -> false)) {
      String command = "{\"prefix\": \"osd stat\"}";
      ceph.daemon(DaemonAction.TERMINATE, "mon.a");
      fails(OperationTimeoutException.class, IN_TIME, () -> cluster.monCommand(command));
      fails(ClusterConnectionException.class, IN_TIME, () -> impatient().connect());
      load.awaitFlushes(); // data needs no monitor
      ceph.daemon(DaemonAction.START, "mon.a");
      Await.until(
          "the connection works again",
          () -> outcome(IN_TIME, () -> cluster.monCommand(command)) == null);
      load.awaitFlushes();
      load.stop();
      assertThat(load.ledger.failures()).isZero();
      load.ledger.assertPaidBy(exported("rbd/" + load.name));
    }
  }

  /** Nobody listens there, and somebody who never says a word. */
  @Test
  void noRouteToTheMonitor() throws IOException {
    fails(
        ClusterConnectionException.class,
        IN_TIME,
        () -> impatient().option("mon_host", "[v2:127.0.0.1:1]").connect());
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      String address = "[v2:127.0.0.1:" + silent.getLocalPort() + "]";
      fails(
          ClusterConnectionException.class,
          IN_TIME,
          () -> impatient().option("mon_host", address).connect());
    }
  }

  // ------------------------------------------------------------------------------------ client

  @Test
  void blocklistedClient() {
    try (Cluster cluster = impatient().connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      Load load = new Load(rbd, ClientBlocklistedException.class::isInstance);
      String address = cluster.addresses();
      patient.blocklist(address, Duration.ofMinutes(1));
      load.awaitFailure();
      load.stop();
      fails(ClientBlocklistedException.class, SOON, () -> read(load.image));
      fails(ClientBlocklistedException.class, SOON, () -> writeAndFlush(load.image));
      fails(ClientBlocklistedException.class, SOON, () -> rbd.open(load.name));
      works(SOON, load.image::close);
      load.ledger.assertPaidBy(exported("rbd/" + load.name));
      works(
          SOON.plus(WATCH_TIMEOUT),
          () -> {
            try (Image image = patientRbd.open(load.name)) {
              writeAndFlush(image);
            }
          });
    }
  }

  @Test
  void ownerOfTheLockKilled(@TempDir Path folder) throws Exception {
    String name = Names.unique("owner");
    create(patientRbd, name);
    ForkedJvm owner =
        ForkedJvm.start(
            folder,
            Map.of("CEPH_CONF", ceph.conf().toString()),
            Stream.concat(
                    ForkedJvm.onClassPath().stream(),
                    Stream.of("--enable-native-access=ALL-UNNAMED"))
                .toList(),
            LockOwnerMain.class.getName(),
            name);
    owner.awaitOutput("ready");
    String before = ceph.ceph("osd", "blocklist", "ls");
    owner.kill();
    try (Image image = patientRbd.open(name)) {
      Bytes.assertEqual(Bytes.of(image, 0, 1 << 20), LockOwnerMain.content());
      works(WATCH_TIMEOUT.plusSeconds(10), () -> writeAndFlush(image));
      assertThat(ceph.ceph("osd", "blocklist", "ls"))
          .as("the dead one is fenced")
          .isNotEqualTo(before);
      Bytes.assertEqual(Bytes.of(image, 0, 4096), Bytes.random(4096, 7));
    }
  }

  @Test
  void wrongKey() {
    char[] keyOfSomebodyElse =
        ceph.ceph("auth", "print-key", "client.reader").strip().toCharArray();
    fails(
        ClusterConnectionException.class,
        IN_TIME,
        () -> impatient().clientId("admin").key(keyOfSomebodyElse).connect());
    fails(
        ClusterConnectionException.class,
        IN_TIME,
        () -> impatient().clientId("nobody").key("AQAAAAAAAAAAABAA".toCharArray()).connect());
  }

  @Test
  void readOnlyCapabilities() {
    String name = Names.unique("caps");
    create(patientRbd, name);
    try (Image image = patientRbd.open(name)) {
      writeAndFlush(image);
    }
    try (Cluster cluster = impatient().clientId("reader").connect();
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      fails(PermissionDeniedException.class, SOON, () -> rbd.open(name));
      fails(PermissionDeniedException.class, SOON, () -> create(rbd, name + "-new"));
      fails(PermissionDeniedException.class, SOON, () -> rbd.remove(name));
      try (Image image = rbd.openReadOnly(name)) {
        fails(ReadOnlyImageException.class, SOON, () -> writeAndFlush(image));
        Bytes.assertEqual(Bytes.of(image, 0, 4096), Bytes.random(4096, 7));
        works(SOON, image::flush); // the user may know that the image is there
        patientRbd.remove(name);
        fails(ImageNotFoundException.class, SOON, image::flush);
      }
    }
  }

  @Test
  void capabilitiesOfANamespace() {
    String name = Names.unique("caps");
    create(patientRbd, name);
    try (Cluster cluster = impatient().clientId("tenant").connect();
        IoContext all = cluster.ioContext("rbd");
        IoContext own = all.withNamespace("own")) {
      Rbd rbd = new Rbd(all);
      fails(PermissionDeniedException.class, SOON, () -> rbd.open(name));
      fails(PermissionDeniedException.class, SOON, () -> rbd.openReadOnly(name));
      fails(PermissionDeniedException.class, SOON, rbd::list);
      Rbd mine = new Rbd(own);
      create(mine, name);
      try (Image image = mine.open(name)) {
        works(SOON, () -> writeAndFlush(image));
      }
      assertBeginsWith(7, "rbd/own/" + name);
    }
  }

  // ------------------------------------------------------------------- pools, images and space

  /** A pool of its own with an image that an impatient client has open. */
  private final class OwnPool implements AutoCloseable {
    final String name = Names.unique("pool");
    final Cluster cluster = impatient().connect();
    final Rbd rbd;
    final Load load;

    OwnPool() {
      ceph.ceph("osd", "pool", "create", name, "8");
      ceph.rbd("pool", "init", name);
      cluster.awaitLatestOsdMap();
      patient.awaitLatestOsdMap();
      rbd = new Rbd(cluster.ioContext(name));
      load = new Load(rbd, OperationTimeoutException.class::isInstance);
    }

    @Override
    public void close() {
      cluster.close();
    }
  }

  @Test
  void poolDeleted() {
    try (OwnPool pool = new OwnPool()) {
      pool.load.stop();
      Image image = pool.load.image;
      patient.deletePool(pool.name);
      pool.cluster.awaitLatestOsdMap();
      Await.until("reading fails", () -> outcome(IN_TIME, () -> read(image)) != null);
      fails(PermissionDeniedException.class, SOON, () -> read(image));
      fails(PermissionDeniedException.class, SOON, () -> readAsynchronously(image));
      // As the OSDs say it, or librados, whose map lacks the pool.
      assertThat(outcome(SOON, () -> writeAndFlush(image)))
          .isInstanceOfAny(PermissionDeniedException.class, ImageNotFoundException.class);
      fails(PoolNotFoundException.class, SOON, () -> pool.cluster.ioContext(pool.name));
      works(IN_TIME, image::close);
    }
  }

  @Test
  void imageRemoved() {
    try (Cluster cluster = impatient().connect();
        IoContext io = cluster.ioContext("rbd");
        // Who removes takes the exclusive lock first, and the other one may be refused meanwhile.
        Load load = new Load(new Rbd(io), ReadOnlyImageException.class::isInstance)) {
      assertThatThrownBy(() -> patientRbd.remove(load.name))
          .isExactlyInstanceOf(ImageBusyException.class);
      load.awaitFlushes();
      load.stop();
      load.ledger.assertPaidBy(exported("rbd/" + load.name));
      try (Image reader = new Rbd(io).openReadOnly(load.name)) {
        patient.blocklist(cluster.addresses(), Duration.ofMinutes(1));
        // The OSDs learn of it one after the other.
        Await.until("it is noticed", () -> outcome(SOON, () -> writeAndFlush(load.image)) != null);
        fails(ClientBlocklistedException.class, SOON, () -> writeAndFlush(load.image));
        Await.until("it is removed", () -> removes(load.name));
        fails(ClientBlocklistedException.class, SOON, () -> read(load.image));
        fails(ClientBlocklistedException.class, SOON, () -> read(reader));
        works(SOON, load.image::close);
      }
    }
  }

  private boolean removes(String name) {
    try {
      patientRbd.remove(name);
      return true;
    } catch (ImageBusyException watched) {
      return false;
    }
  }

  /** Nothing in the cluster knows of such a handle, and librbd takes no object for zeros. */
  @Test
  void imageRemovedThatIsOpenForReadingOnly() {
    String name = written();
    try (Image image = patientRbd.openReadOnly(name)) {
      works(SOON, image::flush);
      patientRbd.remove(name);
      // What ends tells at once; single reads look from time to time.
      fails(ImageNotFoundException.class, SOON, image::flush);
      fails(ImageNotFoundException.class, SOON, () -> image.diff(DiffOptions.sinceBeginning()));
      fails(
          ImageNotFoundException.class,
          SOON,
          () -> image.copyTo(patientRbd, name + "-copy", new ImageOptions(), 0, (_, _) -> {}));
      assertReadsFail(ImageNotFoundException.class, image);
      fails(ImageNotFoundException.class, SOON, () -> patientRbd.openReadOnly(name));
    }
  }

  /** Its data goes first, and what says that it exists goes last. */
  @Test
  void imageThatIsBeingRemovedWhileItIsOpenForReadingOnly() {
    String name = written();
    try (Image image = patientRbd.openReadOnly(name)) {
      assertThatThrownBy(
              () ->
                  patientRbd.remove(
                      name,
                      (_, _) -> {
                        throw new ArithmeticException();
                      }))
          .isExactlyInstanceOf(ArithmeticException.class);
      assertReadsFail(ImageNotFoundException.class, image);
    }
  }

  @Test
  void snapshotRemovedThatIsOpen() {
    String name = written();
    try (Image writer = patientRbd.open(name)) {
      writer.createSnapshot("opened");
      writer.createSnapshot("set");
      writeAndFlush(writer, 8);
      try (Image image = patientRbd.open(name, OpenOptions.at("opened"));
          Image other = patientRbd.openReadOnly(name)) {
        other.setSnapshot("set");
        writer.snapshot("opened").rename("renamed");
        works(SOON, image::flush);
        writer.snapshot("renamed").remove();
        fails(SnapshotNotFoundException.class, SOON, image::flush);
        assertReadsFail(SnapshotNotFoundException.class, image);
        works(SOON, other::flush);
        writer.snapshot("set").remove();
        assertReadsFail(SnapshotNotFoundException.class, other);
        other.unsetSnapshot();
        works(SOON, other::flush);
      }
    }
  }

  private String written() {
    String name = Names.unique("removed");
    create(patientRbd, name);
    try (Image image = patientRbd.open(name)) {
      writeAndFlush(image);
    }
    return name;
  }

  /** Soon they fail, and then all of them do, of whatever kind. */
  private static void assertReadsFail(Class<? extends Throwable> type, Image image) {
    works(SOON, () -> Await.until("a read fails", () -> outcome(SOON, () -> read(image)) != null));
    fails(type, SOON, () -> read(image));
    fails(type, SOON, () -> readAsynchronously(image));
    fails(
        type,
        SOON,
        () -> CompletableFuture.runAsync(() -> read(image), Thread::startVirtualThread).join());
  }

  @Test
  void imageShrunkByAnotherClient() {
    String name = Names.unique("shrunk");
    create(patientRbd, name);
    try (Image image = patientRbd.open(name)) {
      writeAndFlush(image);
      ceph.rbd("resize", "--no-progress", "--allow-shrink", "--size", "2M", name);
      Await.until("it is noticed", () -> image.size() == SIZE / 2);
      assertThat(image.readAt(SIZE / 2, new byte[4096])).isEqualTo(-1);
      assertThat(image.readAt(SIZE / 2 - 512, new byte[4096])).isEqualTo(512);
      fails(
          IllegalArgumentException.class,
          SOON,
          () -> image.writeAt(SIZE / 2 - 512, new byte[4096]));
      works(SOON, () -> writeAndFlush(image));
      assertBeginsWith(7, "rbd/" + name);
    }
  }

  @Test
  void poolQuotaReached() {
    try (OwnPool pool = new OwnPool()) {
      Rbd rbd = new Rbd(patient.ioContext(pool.name));
      create(rbd, "calm");
      create(rbd, "other");
      try (Image calm = rbd.open("calm");
          Image other = pool.rbd.open("other")) {
        writeAndFlush(calm);
        writeAndFlush(other);
        ceph.ceph("osd", "pool", "set-quota", pool.name, "max_objects", "1");
        CompletableFuture<Void> waits;
        try {
          waits = assertNoRoom(pool.load, calm, other);
        } finally { // a close would wait for room
          ceph.ceph("osd", "pool", "set-quota", pool.name, "max_objects", "0");
        }
        assertRoom(waits, other);
        assertBeginsWith(8, pool.name + "/calm");
        assertBeginsWith(9, pool.name + "/other");
      }
      pool.load.awaitFlushes();
      pool.load.stop();
      pool.load.ledger.assertPaidBy(exported(pool.name + "/" + pool.load.name));
    }
  }

  /**
   * A patient client waits, and the others have their time-outs.
   *
   * @return the end of the patient client's write of 8
   */
  private static CompletableFuture<Void> assertNoRoom(Load load, Image calm, Image other) {
    load.awaitFailure();
    works(SOON, () -> read(load.image));
    CompletableFuture<Void> waits = Await.inBackground(() -> writeAndFlush(calm, 8));
    fails(OperationTimeoutException.class, FLUSH_IN_TIME, () -> writeAndFlush(other));
    fails(OperationTimeoutException.class, FLUSH_IN_TIME, () -> other.createSnapshot("s"));
    assertThat(waits).isNotDone();
    return waits;
  }

  private static void assertRoom(CompletableFuture<Void> waits, Image other) {
    waits.join();
    Await.until(
        "writes are done again",
        () -> outcome(FLUSH_IN_TIME, () -> writeAndFlush(other, 9)) == null);
  }

  @Test
  void clusterFull() {
    try (Cluster cluster = impatient().connect();
        IoContext io = cluster.ioContext("rbd");
        Load load = new Load(new Rbd(io), OperationTimeoutException.class::isInstance)) {
      Rbd rbd = new Rbd(io);
      String calmName = load.name + "-calm";
      String otherName = load.name + "-other";
      create(patientRbd, calmName);
      create(rbd, otherName);
      try (Image calm = patientRbd.open(calmName);
          Image other = rbd.open(otherName)) {
        writeAndFlush(calm);
        writeAndFlush(other);
        full("0.0001", "0.0002", "0.0003");
        CompletableFuture<Void> waits;
        try {
          waits = assertNoRoom(load, calm, other);
          fails(OperationTimeoutException.class, IN_TIME, () -> create(rbd, load.name + "-2"));
        } finally {
          full("0.85", "0.9", "0.95"); // a close would wait for room
        }
        assertRoom(waits, other);
        assertBeginsWith(8, "rbd/" + calmName);
        assertBeginsWith(9, "rbd/" + otherName);
      }
      load.awaitFlushes();
      load.stop();
      load.ledger.assertPaidBy(exported("rbd/" + load.name));
    }
  }

  /** The ratios are kept in order by the OSDs, so that all three are set. */
  private void full(String near, String backfill, String full) {
    ceph.ceph("osd", "set-nearfull-ratio", near);
    ceph.ceph("osd", "set-backfillfull-ratio", backfill);
    ceph.ceph("osd", "set-full-ratio", full);
  }
}
