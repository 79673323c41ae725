package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.MirrorSnapshotState;
import io.github.rbd4j.ObjectBusyException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespace;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.ImageMirrorInfo;
import io.github.rbd4j.mirror.ImageMirrorMode;
import io.github.rbd4j.mirror.ImageMirrorState;
import io.github.rbd4j.mirror.ImageMirrorStatus;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.mirror.MirrorMode;
import io.github.rbd4j.mirror.MirrorPeer;
import io.github.rbd4j.mirror.MirrorPeerDirection;
import io.github.rbd4j.mirror.ReplayState;
import io.github.rbd4j.mirror.SiteStatus;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Images that a daemon copies from one cluster to another, and what happens when one of the two is
 * lost. Everything but the daemon is done through the library. The last test has a daemon copy the
 * other way as well.
 */
@Tag(Tags.LOCAL_DAEMONS)
@TestMethodOrder(OrderAnnotation.class)
@Timeout(240)
class MirroringIT {
  private static final long SIZE = 8 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static @Nullable Site one;
  private static @Nullable Site two;

  /** A cluster with a connection to it. */
  private record Site(CephCluster ceph, Cluster cluster, IoContext io, Rbd rbd, Mirror mirror)
      implements AutoCloseable {
    static Site start(String name) {
      CephCluster ceph = CephCluster.start();
      try {
        // The daemon looks for changes every 30 seconds otherwise.
        for (String interval :
            new String[] {
              "rbd_mirror_pool_replayers_refresh_interval", "rbd_mirror_image_state_check_interval"
            }) {
          ceph.ceph("config", "set", "client", interval, "2");
        }
        Cluster cluster = ceph.client().connect();
        IoContext io = cluster.ioContext("rbd");
        Mirror mirror = new Mirror(io);
        Mirror.setSiteName(cluster, name);
        mirror.setMode(MirrorMode.IMAGE);
        return new Site(ceph, cluster, io, new Rbd(io), mirror);
      } catch (RuntimeException e) {
        ceph.close();
        throw e;
      }
    }

    MirrorPeer peer() {
      return mirror.peers().getFirst();
    }

    @Override
    public void close() {
      try {
        cluster.close();
      } finally {
        ceph.close();
      }
    }
  }

  @BeforeAll
  static void startBoth() throws Exception {
    one = Site.start("one");
    two = Site.start("two");
    two.mirror().importBootstrapToken(MirrorPeerDirection.RX, one.mirror().createBootstrapToken());
    two.ceph().startMirrorDaemon();
    awaitTarget(one);
  }

  /** Before the other daemon is known here, a mirror snapshot would be taken for nobody. */
  private static void awaitTarget(Site site) throws Exception {
    await(
        site.mirror()::peers,
        peers ->
            peers.stream()
                .anyMatch(
                    peer ->
                        peer.direction() != MirrorPeerDirection.RX
                            && !peer.mirrorUuid().isEmpty()));
  }

  @AfterAll
  static void stopBoth() {
    try (Site _ = one;
        Site _ = two) {
      one = null;
      two = null;
    }
  }

  /** Waits until something is as expected, and fails with what it was last. */
  private static <T> T await(Callable<T> source, Predicate<T> expected) throws Exception {
    Instant deadline = Instant.now().plus(LIMIT);
    while (true) {
      @Nullable Object last;
      try {
        T value = source.call();
        if (expected.test(value)) {
          return value;
        }
        last = value;
      } catch (RbdException e) {
        last = e; // not there yet
      }
      if (Instant.now().isAfter(deadline)) {
        throw new AssertionError("after " + LIMIT + " it still is " + last);
      }
      Thread.sleep(100);
    }
  }

  private static String checksum(Site site, String name) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Image image = site.rbd().openReadOnly(name)) {
      byte[] buffer = new byte[1 << 20];
      long offset = 0;
      for (int n = image.readAt(offset, buffer); n > 0; n = image.readAt(offset, buffer)) {
        digest.update(buffer, 0, n);
        offset += n;
      }
      assertThat(offset).isEqualTo(image.size());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void fill(Site site, String name, long seed) {
    try (Image image = site.rbd().open(name)) {
      byte[] data = new byte[(int) SIZE / 2];
      new Random(seed).nextBytes(data);
      image.writeAt(SIZE / 4 + 12_345, data);
    }
  }

  @FunctionalInterface
  private interface Use<T> {
    T of(ImageMirror mirror, Image image);
  }

  private static <T> T with(Site site, String name, Use<T> use) {
    try (Image image = site.rbd().open(name)) {
      return use.of(new ImageMirror(image), image);
    }
  }

  private static void run(Site site, String name, Consumer<ImageMirror> use) {
    with(
        site,
        name,
        (mirror, image) -> {
          use.accept(mirror);
          return image;
        });
  }

  private static ImageMirrorInfo info(Site site, String name) {
    return with(site, name, (mirror, image) -> mirror.info());
  }

  /** Brings the other site up to date, if that does not happen by itself. */
  private static void publish(Site site, String name, ImageMirrorMode mode) {
    if (mode == ImageMirrorMode.SNAPSHOT) {
      run(site, name, mirror -> mirror.createSnapshot(Set.of()));
    }
  }

  private static void awaitSameContent(Site from, Site to, String name) throws Exception {
    String checksum = checksum(from, name);
    await(() -> checksum(to, name), checksum::equals);
  }

  private static SiteStatus awaitReplaying(Site site, String name) throws Exception {
    return await(
            () -> with(site, name, (mirror, image) -> mirror.status().local()),
            status -> status.map(s -> s.up() && s.state() == ReplayState.REPLAYING).orElse(false))
        .orElseThrow();
  }

  private static String createReplicated(Site from, Site to, ImageMirrorMode mode)
      throws Exception {
    String name = Names.unique(mode.name().toLowerCase(Locale.ROOT));
    from.rbd().create(name, SIZE);
    fill(from, name, 1);
    run(from, name, mirror -> mirror.enable(mode));
    awaitSameContent(from, to, name);
    return name;
  }

  @Test
  @Order(1)
  void theTokenMakesPeersOnBothSides() {
    Site from = started(one);
    Site to = started(two);
    MirrorPeer source = to.peer();
    assertThat(source.direction()).isEqualTo(MirrorPeerDirection.RX);
    assertThat(source.siteName()).isEqualTo("one");
    assertThat(source.clientName()).isEqualTo("client.rbd-mirror-peer");
    assertThat(source.lastSeen()).isEqualTo(Instant.EPOCH);
    assertThat(to.mirror().peerAttributes(source.uuid()))
        .containsOnlyKeys("mon_host", "key")
        .allSatisfy((key, value) -> assertThat(value).isNotEmpty());

    MirrorPeer target = from.peer();
    assertThat(target.direction()).isEqualTo(MirrorPeerDirection.TX);
    assertThat(target.siteName()).isEqualTo("two");
    assertThat(target.mirrorUuid()).isEqualTo(to.mirror().uuid());
    if (!target.lastSeen().equals(Instant.EPOCH)) { // librbd 16 does not tell
      assertThat(target.lastSeen()).isAfter(Instant.now().minusSeconds(600));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ImageMirrorMode.class,
      names = {"JOURNAL", "SNAPSHOT"})
  @Order(2)
  void anImageIsCopiedAndFollowed(ImageMirrorMode mode) throws Exception {
    Site from = started(one);
    Site to = started(two);
    String name = createReplicated(from, to, mode);
    ImageMirrorInfo there = info(to, name);
    assertThat(there.primary()).isFalse();
    assertThat(there.state()).isEqualTo(ImageMirrorState.ENABLED);
    assertThat(there.globalId()).isEqualTo(info(from, name).globalId());
    ImageMirrorMode modeThere = with(to, name, (mirror, image) -> mirror.mode());
    assertThat(modeThere).isEqualTo(mode);

    SiteStatus local = awaitReplaying(to, name);
    assertThat(local.isLocal()).isTrue();
    assertThat(local.description()).contains("replaying");
    assertThat(local.lastUpdate()).isAfter(Instant.now().minusSeconds(600));

    fill(from, name, 2);
    publish(from, name, mode);
    awaitSameContent(from, to, name);

    // The first site hears of it from the daemon of the second.
    ImageMirrorStatus seen =
        await(
            () -> with(from, name, (mirror, image) -> mirror.status()),
            status ->
                status.sites().stream()
                    .anyMatch(s -> !s.isLocal() && s.state() == ReplayState.REPLAYING));
    assertThat(seen.sites())
        .filteredOn(site -> !site.isLocal())
        .singleElement()
        .satisfies(
            site -> {
              assertThat(site.up()).isTrue();
              assertThat(site.mirrorUuid()).isEqualTo(to.mirror().uuid());
            });
    assertThat(to.ceph().rbd("mirror", "image", "status", name, "--format", "json"))
        .contains("\"global_id\":\"" + there.globalId() + "\"")
        .contains("\"state\":\"up+replaying\"");

    // The lists of the pool agree.
    String id = with(to, name, (mirror, image) -> image.id());
    String instance = with(to, name, (mirror, image) -> mirror.instanceId());
    assertThat(instance).isNotEmpty();
    Map<String, String> instances = new LinkedHashMap<>();
    to.mirror().instanceIds().forEach(e -> instances.put(e.getKey(), e.getValue()));
    assertThat(instances).containsEntry(id, instance);
    Map<String, ImageMirrorStatus> statuses = new LinkedHashMap<>();
    to.mirror().imageStatuses().forEach(e -> statuses.put(e.getKey(), e.getValue()));
    assertThat(statuses.get(id).name()).isEqualTo(name);
    assertThat(statuses.get(id).local()).map(SiteStatus::up).contains(true);
    assertThat(to.mirror().images(mode))
        .filteredOn(entry -> entry.getKey().equals(id))
        .singleElement()
        .satisfies(
            entry -> {
              assertThat(entry.getValue().mode()).isEqualTo(mode);
              assertThat(entry.getValue().info()).isEqualTo(there);
            });
    await(
        to.mirror()::statusSummary,
        summary -> summary.stream().anyMatch(each -> each.state() == ReplayState.REPLAYING));
  }

  @Test
  @Order(3)
  void aCopiedSnapshotNamesTheOneItIsACopyOf() throws Exception {
    Site from = started(one);
    Site to = started(two);
    String name = createReplicated(from, to, ImageMirrorMode.SNAPSHOT);
    fill(from, name, 3);
    long primary = with(from, name, (mirror, image) -> mirror.createSnapshot(Set.of()));
    SnapshotNamespace.Mirror copy =
        await(
            () ->
                with(
                    to,
                    name,
                    (mirror, image) -> {
                      for (SnapshotInfo snapshot : image.snapshots()) {
                        if (image.snapshotNamespace(snapshot.id())
                                instanceof SnapshotNamespace.Mirror m
                            && m.primarySnapshotId() == primary) {
                          return m;
                        }
                      }
                      return null;
                    }),
            m -> m != null && m.complete());
    assertThat(copy.state()).isEqualTo(MirrorSnapshotState.NON_PRIMARY);
    assertThat(copy.primaryMirrorUuid()).isEqualTo(from.mirror().uuid());
    assertThat(copy.lastCopiedObjectNumber()).isEqualTo(SIZE >> 22);
    assertThat(copy.mirrorPeerUuids()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = ImageMirrorMode.class,
      names = {"JOURNAL", "SNAPSHOT"})
  @Order(4)
  void theOtherSiteTakesOverAfterADemotion(ImageMirrorMode mode) throws Exception {
    Site from = started(one);
    Site to = started(two);
    String name = createReplicated(from, to, mode);
    assertThatThrownBy(() -> run(to, name, mirror -> mirror.promote(false)))
        .isInstanceOf(ObjectBusyException.class);
    assertThatThrownBy(() -> fill(to, name, 4)).isInstanceOf(RbdException.class);

    fill(from, name, 5);
    run(from, name, ImageMirror::demote);
    String checksum = checksum(from, name);
    // Until the daemon has seen the demotion, the promotion is refused.
    await(
        () -> {
          run(to, name, mirror -> mirror.promote(false));
          return info(to, name).primary();
        },
        primary -> primary);
    assertThat(checksum(to, name)).isEqualTo(checksum);
    assertThat(info(from, name).primary()).isFalse();
    fill(to, name, 6);
    assertThat(checksum(to, name)).isNotEqualTo(checksum);
    assertThatThrownBy(() -> fill(from, name, 7)).isInstanceOf(RbdException.class);
  }

  @Test
  @Order(5)
  void aLostSiteIsResynchronizedOnItsReturn() throws Exception {
    Site lost = started(one);
    Site survivor = started(two);
    Map<ImageMirrorMode, String> names = new LinkedHashMap<>();
    for (ImageMirrorMode mode : List.of(ImageMirrorMode.JOURNAL, ImageMirrorMode.SNAPSHOT)) {
      names.put(mode, createReplicated(lost, survivor, mode));
    }
    for (String name : names.values()) { // the daemon reports all of them at once, now and then
      awaitReplaying(survivor, name);
    }

    // The first site is lost, the second one goes on with what it has.
    for (String name : names.values()) {
      run(survivor, name, mirror -> mirror.promote(true));
      assertThat(info(survivor, name).primary()).isTrue();
      fill(survivor, name, 8);
      fill(lost, name, 9); // which nobody ever gets
      assertThat(checksum(lost, name)).isNotEqualTo(checksum(survivor, name));
    }

    // The first site returns: it gets a daemon, gives its images up and takes those of the second.
    lost.mirror()
        .importBootstrapToken(MirrorPeerDirection.RX_TX, survivor.mirror().createBootstrapToken());
    MirrorPeer known = lost.peer(); // to which the token has added how to reach it
    assertThat(known.direction()).isEqualTo(MirrorPeerDirection.TX);
    assertThat(lost.mirror().peerAttributes(known.uuid())).containsOnlyKeys("mon_host", "key");
    lost.mirror().setPeerClientName(known.uuid(), survivor.peer().clientName());
    lost.mirror().setPeerDirection(known.uuid(), MirrorPeerDirection.RX_TX);
    lost.ceph().startMirrorDaemon();
    awaitTarget(survivor);
    for (Map.Entry<ImageMirrorMode, String> each : names.entrySet()) {
      String name = each.getValue();
      publish(survivor, name, each.getKey());
      run(lost, name, ImageMirror::demote);
      assertThat(info(lost, name).primary()).isFalse();
      run(lost, name, ImageMirror::resync);
      awaitSameContent(survivor, lost, name);
      assertThat(info(survivor, name).primary()).isTrue();
    }
    for (String name : names.values()) {
      awaitReplaying(lost, name);
    }

    // From now on the copies go the other way.
    for (Map.Entry<ImageMirrorMode, String> each : names.entrySet()) {
      fill(survivor, each.getValue(), 10);
      publish(survivor, each.getValue(), each.getKey());
      awaitSameContent(survivor, lost, each.getValue());
    }
  }

  private static Site started(@Nullable Site site) {
    return Objects.requireNonNull(site);
  }
}
