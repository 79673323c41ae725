package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rbd4j.ClientBlocklistedException;
import io.github.rbd4j.ClusterConnectionException;
import io.github.rbd4j.Image;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.PoolNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.ClusterBuilder;
import io.github.rbd4j.rados.ClusterStats;
import io.github.rbd4j.rados.CommandReply;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.rados.Pool;
import io.github.rbd4j.rados.PoolStats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connecting in every way, and what one does to a cluster as a whole. */
@CephTest
class ClusterIT {
  private final CephCluster ceph;
  private final Cluster cluster;
  private final IoContext io;
  private final Rbd rbd;

  ClusterIT(CephCluster ceph, Cluster cluster, IoContext io, Rbd rbd) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.io = io;
    this.rbd = rbd;
  }

  private char[] adminKey() {
    return ceph.ceph("auth", "get-key", "client.admin").strip().toCharArray();
  }

  /** Without any file of the cluster. */
  private ClusterBuilder bare() {
    return Cluster.builder().noConfFile().monHost(cluster.config("mon_host"));
  }

  private Path configuration(Path folder, String lines) throws IOException {
    Path file = folder.resolve("more.conf");
    Files.writeString(file, Files.readString(ceph.conf()) + lines + "\n");
    return file;
  }

  // ------------------------------------------------------------------------------- connecting

  @Test
  void aConfigurationFileIsEnough() {
    try (Cluster mine = Cluster.builder().confFile(ceph.conf()).connect()) {
      assertThat(mine.fsid()).hasToString(ceph.ceph("fsid").strip());
      assertThat(mine).hasToString("cluster ceph (client.admin)");
      assertThat(mine.instanceId()).isPositive().isNotEqualTo(cluster.instanceId());
    }
  }

  @Test
  void monitorsAndAKeyAreEnough() {
    try (Cluster mine = bare().clientId("admin").key(adminKey()).connect();
        IoContext pool = mine.ioContext("rbd")) {
      assertThat(mine.fsid()).isEqualTo(cluster.fsid());
      assertThat(new Rbd(pool).exists("there-is-no-such-image")).isFalse();
    }
  }

  @Test
  void theKeyIsCopiedAndForgottenAfterConnecting() {
    char[] key = adminKey();
    ClusterBuilder builder = bare().key(key);
    java.util.Arrays.fill(key, 'x'); // the builder has its own copy
    builder.connect().close();
    // Used again without its key, the builder has none.
    assertThatThrownBy(() -> builder.connect()).isInstanceOf(ClusterConnectionException.class);
  }

  @Test
  void aMissingConfigurationFileIsNamed(@TempDir Path folder) {
    Path file = folder.resolve("none.conf");
    Checks.fails(
        ObjectNotFoundException.class,
        "ENOENT",
        2,
        "read",
        "file " + file,
        () -> Cluster.builder().confFile(file).connect());
  }

  @Test
  void optionsAreSetAndUnknownOnesAreNamed() {
    try (Cluster mine =
        ceph.client().option("rbd_cache", "false").option("rbd cache size", "1048576").connect()) {
      assertThat(mine.config("rbd_cache")).isEqualTo("false");
      assertThat(mine.config("rbd_cache_size")).isEqualTo("1048576");
    }
    Checks.fails(
        ObjectNotFoundException.class,
        "ENOENT",
        2,
        "set configuration",
        "option no_such_option",
        () -> ceph.client().option("no_such_option", "1").connect());
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "set configuration",
        "option rbd_cache_size",
        () -> ceph.client().option("rbd_cache_size", "many").connect());
  }

  @Test
  void aWrongKeyIsRefusedAndNotTold() {
    String right = new String(adminKey());
    // Another letter in the secret part, so that it is still a key.
    char[] letters = right.toCharArray();
    letters[25] = letters[25] == 'A' ? 'B' : 'A';
    String wrong = new String(letters);
    ClusterBuilder builder = bare().key(wrong.toCharArray());
    assertThat(builder).asString().doesNotContain(wrong);
    Throwable thrown = catchThrowable(builder::connect);
    assertThat(thrown).isExactlyInstanceOf(ClusterConnectionException.class);
    assertThat(((RbdException) thrown).errnoName()).isEqualTo("EACCES");
    assertThat(((RbdException) thrown).operation()).isEqualTo("connect to");
    assertThat(thrown).hasMessageContaining("cluster ceph (client.admin)");
    StringWriter everything = new StringWriter();
    thrown.printStackTrace(new PrintWriter(everything));
    assertThat(everything.toString()).doesNotContain(wrong).doesNotContain(wrong.substring(0, 24));
  }

  @Test
  void theKeyIsInNoText() {
    String key = new String(adminKey());
    ClusterBuilder builder = bare().key(key.toCharArray());
    assertThat(builder).asString().doesNotContain(key);
    try (Cluster mine = builder.connect();
        IoContext pool = mine.ioContext("rbd")) {
      assertThat(mine.toString()).doesNotContain(key);
      assertThat(pool.toString()).doesNotContain(key);
      assertThat(catchThrowable(() -> mine.config("no_such_option")).toString())
          .doesNotContain(key);
    }
    assertThatThrownBy(() -> bare().key("not a key".toCharArray()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("not a key");
  }

  @Test
  void anUnknownUserIsRefused() {
    Throwable thrown = catchThrowable(() -> bare().clientId("nobody").key(adminKey()).connect());
    assertThat(thrown)
        .isExactlyInstanceOf(ClusterConnectionException.class)
        .hasMessageContaining("client.nobody");
    assertThat(((RbdException) thrown).errnoName()).isEqualTo("EACCES");
  }

  @Test
  void aUserWithoutAKeyringIsRefused(@TempDir Path folder) throws IOException {
    Path file = configuration(folder, "keyring = /there/is/no/keyring");
    Throwable thrown = catchThrowable(() -> Cluster.builder().confFile(file).connect());
    assertThat(thrown).isExactlyInstanceOf(ClusterConnectionException.class);
    assertThat(((RbdException) thrown).errnoName()).isIn("ENOENT", "EACCES");
  }

  @Test
  void monitorsThatDoNotAnswerAreGivenUp() throws IOException {
    // One port is closed; behind the other somebody listens and says nothing.
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      assertGivenUp(silent.getLocalPort());
      int closed;
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        closed = socket.getLocalPort();
      }
      assertGivenUp(closed);
    }
  }

  private void assertGivenUp(int port) {
    char[] key = adminKey();
    long start = System.nanoTime();
    Throwable thrown =
        catchThrowable(
            () ->
                Cluster.builder()
                    .noConfFile()
                    .monHost("[v2:127.0.0.1:" + port + "]")
                    .key(key)
                    .connectTimeout(Duration.ofSeconds(2))
                    .connect());
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(1900), Duration.ofSeconds(15));
    assertThat(thrown)
        .isExactlyInstanceOf(ClusterConnectionException.class)
        .hasCauseExactlyInstanceOf(OperationTimeoutException.class)
        .hasMessageContaining("ETIMEDOUT");
    assertThat(((RbdException) thrown).errno()).isEqualTo(110);
  }

  @Test
  void misuseOfTheBuilderIsRefused() {
    ClusterBuilder builder = Cluster.builder();
    assertThatThrownBy(() -> builder.clientId("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.clientId(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> builder.confFile(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> builder.monHost("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.key(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> builder.option("a\0", "b"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.connectTimeout(Duration.ofMillis(999)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.osdTimeout(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.monTimeout(null)).isInstanceOf(NullPointerException.class);
  }

  // -------------------------------------------------------------------------------- time-outs

  private static void assertTimeouts(Cluster mine, double connect, double mon, double osd) {
    assertThat(Double.parseDouble(mine.config("client_mount_timeout"))).isEqualTo(connect);
    assertThat(Double.parseDouble(mine.config("rados_mon_op_timeout"))).isEqualTo(mon);
    assertThat(Double.parseDouble(mine.config("rados_osd_op_timeout"))).isEqualTo(osd);
  }

  @Test
  void timeoutsAreFiniteByDefault() {
    try (Cluster mine = ceph.client().connect()) {
      assertTimeouts(mine, 30, 120, 120);
    }
  }

  @Test
  void timeoutsThatAreGivenAreSet() {
    try (Cluster mine =
        ceph.client()
            .connectTimeout(Duration.ofSeconds(7))
            .monTimeout(Duration.ofSeconds(8))
            .osdTimeout(Duration.ofMillis(8001)) // rounded up
            .connect()) {
      assertTimeouts(mine, 7, 8, 9);
    }
  }

  @Test
  void zeroMeansForEver() {
    try (Cluster mine =
        ceph.client().monTimeout(Duration.ZERO).osdTimeout(Duration.ZERO).connect()) {
      assertTimeouts(mine, 30, 0, 0);
    }
  }

  @Test
  void theConfigurationFileWinsOverTheDefaults(@TempDir Path folder) throws IOException {
    Path file =
        configuration(
            folder,
            "rados_osd_op_timeout = 11\nrados mon op timeout = 12\nclient_mount_timeout = 13");
    try (Cluster mine = Cluster.builder().confFile(file).connect()) {
      assertTimeouts(mine, 13, 12, 11);
    }
    try (Cluster mine =
        Cluster.builder().confFile(file).osdTimeout(Duration.ofSeconds(14)).connect()) {
      assertTimeouts(mine, 13, 12, 14);
    }
  }

  @Test
  void optionsWinOverTheDefaults() {
    try (Cluster mine =
        ceph.client()
            .option("rados_osd_op_timeout", "0")
            .option("rados mon op timeout", "15")
            .connect()) {
      assertTimeouts(mine, 30, 15, 0);
    }
  }

  // ------------------------------------------------------------------------------- properties

  @Test
  void configurationIsReadAndWritten() {
    try (Cluster mine = ceph.client().connect()) {
      mine.setConfig("rbd_default_order", "21");
      assertThat(mine.config("rbd_default_order")).isEqualTo("21");
      String name = Names.unique("order");
      try (IoContext pool = mine.ioContext("rbd")) {
        new Rbd(pool).create(name, 4096);
        try (Image image = new Rbd(pool).open(name)) {
          assertThat(image.info().order()).isEqualTo(21);
        }
        new Rbd(pool).remove(name);
      }
      String longValue = "root=" + "x".repeat(5000);
      mine.setConfig("crush_location", longValue);
      assertThat(mine.config("crush_location")).isEqualTo(longValue);
      mine.setConfig("crush_location", "");
      assertThat(mine.config("crush_location")).isEmpty();
      Checks.fails(
          PermissionDeniedException.class,
          "EPERM",
          1,
          "set configuration",
          "option rbd_default_data_pool",
          () -> mine.setConfig("rbd_default_data_pool", "rbd")); // before connecting only
      Checks.fails(
          ObjectNotFoundException.class,
          "ENOENT",
          2,
          "get configuration",
          "option no_such_option",
          () -> mine.config("no_such_option"));
      Checks.fails(
          ObjectNotFoundException.class,
          "ENOENT",
          2,
          "set configuration",
          "option no_such_option",
          () -> mine.setConfig("no_such_option", "1"));
      Checks.fails(
          InvalidRequestException.class,
          "EINVAL",
          22,
          "set configuration",
          "option rbd_cache",
          () -> mine.setConfig("rbd_cache", "perhaps"));
    }
    assertThat(cluster.config("rbd_default_order")).isEqualTo("22"); // each has its own
  }

  @Test
  void aValueThatEndsTheProcessIsRefused() {
    // Ceph matches this value with a recursion that overflows the stack.
    String deadly = "x".repeat(5000);
    for (String option : List.of("rbd_default_data_pool", "rbd default data pool")) {
      assertThatThrownBy(() -> cluster.setConfig(option, deadly))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(option);
      assertThatThrownBy(() -> ceph.client().option(option, deadly))
          .isInstanceOf(IllegalArgumentException.class);
    }
    String longest = "x".repeat(256);
    try (Cluster mine = ceph.client().option("rbd_default_data_pool", longest).connect()) {
      assertThat(mine.config("rbd_default_data_pool")).isEqualTo(longest);
    }
  }

  @Test
  void theVersionsAreThoseOfTheLibraries() {
    assertThat(Cluster.libradosVersion().major()).isGreaterThanOrEqualTo(3);
    assertThat(Rbd.version().major()).isEqualTo(1);
    assertThat(Rbd.version().minor()).isGreaterThanOrEqualTo(16);
    assertThat(Rbd.version().toString()).matches("1\\.\\d+\\.\\d+");
  }

  @Test
  void watchersAreKnownByInstanceIdAndAddress() {
    String name = Names.unique("watched");
    rbd.create(name, 4096);
    try (Image image = rbd.open(name)) {
      assertThat(image.isClosed()).isFalse();
      Map<String, Object> status = Json.object(ceph.rbd("status", "--format", "json", name));
      assertThat(status.get("watchers").toString())
          .contains("client=" + cluster.instanceId() + ",")
          .contains("address=" + cluster.addresses() + ",");
    }
    rbd.remove(name);
  }

  @Test
  void theStatisticsAreThoseOfTheTool() {
    ClusterStats stats = cluster.stats();
    @SuppressWarnings("unchecked")
    Map<String, Object> told =
        (Map<String, Object>) Json.object(ceph.ceph("df", "--format", "json")).get("stats");
    assertThat(stats.totalBytes()).isEqualTo((Long) told.get("total_bytes"));
    assertThat(stats.usedBytes()).isBetween(0L, stats.totalBytes());
    assertThat(stats.availableBytes()).isBetween(1L, stats.totalBytes());
    assertThat(stats.objects()).isPositive();
  }

  // ------------------------------------------------------------------------------------ pools

  @Test
  void aPoolIsCreatedFoundCountedAndDeleted() {
    String name = Names.unique("pool");
    assertThat(cluster.pools()).contains("rbd").doesNotContain(name);
    cluster.createPool(name);
    Checks.fails(
        ObjectExistsException.class,
        "EEXIST",
        17,
        "create",
        "pool " + name,
        () -> cluster.createPool(name));
    assertThat(cluster.pools())
        .containsAll(ceph.ceph("osd", "pool", "ls").strip().lines().toList());
    Pool pool = cluster.pool(name);
    assertThat(pool.name()).isEqualTo(name);
    assertThat(cluster.pool(pool.id())).isEqualTo(pool);
    try (IoContext mine = cluster.ioContext(name)) {
      assertThat(mine.poolId()).isEqualTo(pool.id());
      assertThat(mine.poolName()).isEqualTo(name);
      assertThat(mine.namespace()).isEmpty();
      assertThat(mine.cluster()).isSameAs(cluster);
      assertThat(mine).hasToString("pool " + name);
      Rbd images = new Rbd(mine);
      images.initPool(false);
      images.create("image", 1 << 20);
      try (Image image = images.open("image")) {
        image.writeAt(0, Checks.random(1 << 20, 1));
      }
      Checks.await("the cluster counts what was written", () -> mine.stats().usedBytes() > 1 << 20);
      PoolStats stats = mine.stats();
      assertThat(stats.objects()).isPositive();
      assertThat(stats.objectCopies()).isGreaterThanOrEqualTo(stats.objects());
      assertThat(stats.writeOperations()).isPositive();
      assertThat(stats.writtenBytes()).isGreaterThanOrEqualTo(1 << 20);
      assertThat(stats.objectsUnfound()).isZero();
      images.remove("image");
    }
    cluster.deletePool(name);
    assertThat(cluster.pools()).doesNotContain(name);
    Checks.fails(
        PoolNotFoundException.class,
        "ENOENT",
        2,
        "delete",
        "pool " + name,
        () -> cluster.deletePool(name));
    Checks.fails(
        PoolNotFoundException.class,
        "ENOENT",
        2,
        "look up",
        "pool number " + pool.id(),
        () -> cluster.pool(pool.id()));
  }

  @Test
  void aMissingPoolIsNotFound() {
    Checks.fails(
        PoolNotFoundException.class,
        "ENOENT",
        2,
        "look up",
        "pool none",
        () -> cluster.pool("none"));
    assertThatThrownBy(() -> cluster.ioContext("none"))
        .isInstanceOf(PoolNotFoundException.class)
        .hasMessageContaining("pool none");
    assertThatThrownBy(() -> cluster.pool(-1)).isInstanceOf(PoolNotFoundException.class);
    assertThatThrownBy(() -> cluster.pool("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> cluster.ioContext(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> cluster.ioContext("rbd", null))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void namespacesAreApart() {
    String namespace = Names.unique("namespace");
    ceph.rbd("namespace", "create", "rbd/" + namespace);
    try (IoContext first = cluster.ioContext("rbd", namespace);
        IoContext second = io.withNamespace(namespace);
        IoContext outside = first.withNamespace("")) {
      assertThat(first.namespace()).isEqualTo(namespace);
      assertThat(first).hasToString("pool rbd/" + namespace);
      assertThat(first.poolId()).isEqualTo(io.poolId());
      String name = Names.unique("image");
      new Rbd(first).create(name, 4096);
      assertThat(new Rbd(second).exists(name)).isTrue();
      assertThat(new Rbd(outside).exists(name)).isFalse();
      assertThat(rbd.exists(name)).isFalse();
      assertThat(outside).hasToString("pool rbd");
      new Rbd(second).remove(name);
    }
    ceph.rbd("namespace", "remove", "rbd/" + namespace);
  }

  // --------------------------------------------------------------------------------- commands

  @Test
  void aMonitorCommandAnswersInJson() {
    CommandReply reply = cluster.monCommand("{\"prefix\": \"osd pool ls\", \"format\": \"json\"}");
    assertThat(((List<?>) Json.parse(reply.output())).contains("rbd")).isTrue();
  }

  @Test
  void aMonitorCommandReadsItsInput() {
    String key = "rbd4j/" + Names.unique("key");
    byte[] value = "größer\n".repeat(2000).getBytes(StandardCharsets.UTF_8);
    cluster.monCommand("{\"prefix\": \"config-key set\", \"key\": \"" + key + "\"}", value);
    assertThat(
            cluster
                .monCommand("{\"prefix\": \"config-key get\", \"key\": \"" + key + "\"}")
                .output())
        .isEqualTo(new String(value, StandardCharsets.UTF_8));
    CommandReply removed =
        cluster.monCommand("{\"prefix\": \"config-key rm\", \"key\": \"" + key + "\"}");
    assertThat(removed.status()).isEqualTo("key deleted");
  }

  @Test
  void aCommandThatFailsSaysWhatTheMonitorSaid() {
    assertThatThrownBy(
            () ->
                cluster.monCommand(
                    "{\"prefix\": \"osd pool get\", \"pool\": \"none\", \"var\": \"size\"}"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("run a monitor command on cluster ceph")
        .hasMessageContaining("unrecognized pool 'none'");
    assertThatThrownBy(() -> cluster.monCommand("{\"prefix\": \"nonsense\"}"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("command not known");
    assertThatThrownBy(() -> cluster.monCommand("nonsense"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> cluster.monCommand("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> cluster.monCommand(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> cluster.monCommand("{}", null))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void aManagerCommandAnswersInJson() {
    // A command of the manager itself: its Python modules do not load everywhere.
    assertThat(
            Json.parse(
                cluster.mgrCommand("{\"prefix\": \"pg stat\", \"format\": \"json\"}").output()))
        .isInstanceOf(Map.class);
    assertThatThrownBy(() -> cluster.mgrCommand("{\"prefix\": \"there is none\"}"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("run a manager command on cluster ceph")
        .hasMessageContaining("there is none");
  }

  @Test
  void theLogOfTheClusterComesToTheLogger() {
    PrintStream before = System.err;
    ByteArrayOutputStream heard = new ByteArrayOutputStream();
    System.setErr(new PrintStream(heard, true, StandardCharsets.UTF_8));
    String marker = Names.unique("marker");
    try (Cluster mine = ceph.client().clusterLog("info").connect()) {
      assertThat(mine.isClosed()).isFalse();
      Checks.await(
          "a line of the log",
          () -> {
            cluster.monCommand("{\"prefix\": \"log\", \"logtext\": [\"" + marker + "\"]}");
            return heard.toString(StandardCharsets.UTF_8).contains(marker);
          });
    } finally {
      System.setErr(before);
    }
    assertThat(heard.toString(StandardCharsets.UTF_8))
        .contains("io.github.rbd4j.clusterlog")
        .contains("INFO");
  }

  // -------------------------------------------------------------------------------- blocklist

  @Test
  void aClientThatIsBlocklistedIsToldSoAndCanConnectAnew() {
    String name = Names.unique("fenced");
    rbd.create(name, 1 << 20);
    Cluster victim = ceph.client().connect();
    String address = victim.addresses();
    try (victim) {
      IoContext victimIo = victim.ioContext("rbd");
      Image image = new Rbd(victimIo).open(name);
      image.writeAt(0, new byte[] {1});
      image.flush();
      cluster.blocklist(address, Duration.ofMinutes(5));
      assertThat(ceph.ceph("osd", "blocklist", "ls")).contains(address);
      Checks.await("the victim learns of it", () -> isFenced(image));
      assertThatThrownBy(() -> image.readAt(0, new byte[1]))
          .isInstanceOf(ClientBlocklistedException.class)
          .hasMessageContaining("ESHUTDOWN")
          .hasMessageContaining("rbd/" + name);
      assertThatThrownBy(() -> new Rbd(victimIo).open(name))
          .isInstanceOf(ClientBlocklistedException.class);
    } catch (ClientBlocklistedException closing) {
      assertThat(closing.operation()).isEqualTo("close"); // what was left could not be written
    }
    assertThat(victim.isClosed()).isTrue();
    try (Cluster anew = ceph.client().connect();
        IoContext anewIo = anew.ioContext("rbd");
        Image image = new Rbd(anewIo).open(name)) {
      byte[] back = new byte[1];
      image.readAt(0, back);
      assertThat(back).containsExactly(1);
      image.writeAt(0, new byte[] {2});
    }
    ceph.ceph("osd", "blocklist", "rm", address);
    rbd.remove(name);
  }

  private static boolean isFenced(Image image) {
    try {
      image.writeAt(0, new byte[] {1});
      image.flush();
      return false;
    } catch (ClientBlocklistedException e) {
      return e.errno() == 108;
    }
  }

  /** No entry lasts for less than a second; and 0 would be an hour. */
  @Test
  void aPartOfASecondOnTheBlocklistIsNotTheDefault() {
    String address = "127.0.0.1:0/42";
    cluster.blocklist(address, Duration.ofMillis(500));
    Checks.await("the entry expires", () -> !ceph.ceph("osd", "blocklist", "ls").contains(address));
    assertThatThrownBy(() -> cluster.blocklist(address, Duration.ofMillis(-500)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void optionsHaveOneNameHoweverItIsWritten() {
    for (String name :
        List.of("rados_osd_op_timeout", "rados osd op timeout", "rados-osd-op-timeout")) {
      try (Cluster mine = ceph.client().option(name, "0").connect()) {
        assertThat(Double.parseDouble(mine.config(name))).as(name).isZero();
        assertThat(Double.parseDouble(mine.config("rados_mon_op_timeout"))).isEqualTo(120);
        mine.setConfig("rbd-cache size", "1048576");
        assertThat(mine.config("rbd_cache_size")).isEqualTo("1048576");
      }
    }
  }

  @Test
  void theLongestTimeOutsAreNoOverflow() {
    Duration longest = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
    try (Cluster mine =
        ceph.client().connectTimeout(longest).monTimeout(longest).osdTimeout(longest).connect()) {
      assertThat(Double.parseDouble(mine.config("rados_osd_op_timeout"))).isEqualTo(0x7fff_ffff);
      Rbd pool = new Rbd(mine.ioContext("rbd"));
      String name = Names.unique("patient");
      pool.create(name, 1 << 20);
      try (Image image = pool.open(name)) {
        image.writeAt(0, new byte[] {1});
        image.flush();
        assertThat(image.readAt(0, new byte[1])).isEqualTo(1);
      }
      pool.remove(name);
      assertThat(mine.monCommand("{\"prefix\": \"fsid\"}").output()).isNotEmpty();
    }
  }

  @Test
  void impossibleBlocklistEntriesAreRefused() {
    assertThatThrownBy(() -> cluster.blocklist("nonsense", Duration.ofSeconds(1)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("client nonsense");
    assertThatThrownBy(() -> cluster.blocklist("", Duration.ofSeconds(1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> cluster.blocklist("127.0.0.1:0/1", Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---------------------------------------------------------------------------------- closing

  @Test
  void aClosedClusterTakesItsPoolsAndImagesAlong() {
    String name = Names.unique("closing");
    rbd.create(name, 4096);
    Cluster mine = ceph.client().connect();
    IoContext pool = mine.ioContext("rbd");
    Image image = new Rbd(pool).open(name);
    mine.close();
    mine.close();
    assertThat(image.isClosed()).isTrue();
    assertThat(pool.isClosed()).isTrue();
    assertThatThrownBy(() -> image.readAt(0, new byte[1]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("rbd/" + name);
    assertThatThrownBy(pool::stats).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> mine.ioContext("rbd")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(mine::fsid).isInstanceOf(IllegalStateException.class);
    rbd.remove(name); // nobody watches it any more
  }

  @Test
  void aPoolThatAnotherClientCreatedIsKnownAfterTheLatestMap() {
    String pool = Names.unique("late");
    ceph.ceph("osd", "pool", "create", pool, "1");
    cluster.awaitLatestOsdMap();
    assertThat(cluster.pools()).contains(pool);
    cluster.deletePool(pool);
  }
}
