package io.github.rbd4j.tests;

import static io.github.rbd4j.tests.Unsupported.assertUnsupported;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.MirrorSnapshotState;
import io.github.rbd4j.ObjectBusyException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.PermissionDeniedException;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.SnapshotCreateFlag;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNamespace;
import io.github.rbd4j.SnapshotNamespaceType;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.mirror.ImageMirror;
import io.github.rbd4j.mirror.ImageMirrorInfo;
import io.github.rbd4j.mirror.ImageMirrorMode;
import io.github.rbd4j.mirror.ImageMirrorState;
import io.github.rbd4j.mirror.ImageMirrorStatus;
import io.github.rbd4j.mirror.Mirror;
import io.github.rbd4j.mirror.MirrorMode;
import io.github.rbd4j.mirror.MirrorPeer;
import io.github.rbd4j.mirror.MirrorPeerDirection;
import io.github.rbd4j.mirror.MirroredImage;
import io.github.rbd4j.mirror.ReplayCount;
import io.github.rbd4j.mirror.ReplayState;
import io.github.rbd4j.mirror.SiteStatus;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The settings, peers and images of a mirrored pool, without a daemon that copies anything. */
@CephTest
class MirrorPoolIT {
  private static final long MIB = 1 << 20;

  /** Came with the remote namespace, as did the mode that only initializes. */
  private static final boolean CEPH_20 = NativeSymbols.has("rbd_mirror_remote_namespace_get");

  private final CephCluster ceph;
  private final Cluster cluster;
  private final String pool = Names.unique("mirror");
  private IoContext io;
  private Rbd rbd;
  private Mirror mirror;

  MirrorPoolIT(CephCluster ceph, Cluster cluster) {
    this.ceph = ceph;
    this.cluster = cluster;
  }

  @BeforeEach
  void createPool() {
    cluster.createPool(pool);
    io = cluster.ioContext(pool);
    rbd = new Rbd(io);
    rbd.initPool(false);
    mirror = new Mirror(io);
  }

  @AfterEach
  void deletePool() {
    io.close();
    cluster.deletePool(pool);
  }

  /** The mode that only initializes needs librbd and daemons of Ceph 20. */
  private boolean knowsInitOnly() {
    String version = cluster.monCommand("{\"prefix\": \"version\"}").output();
    return CEPH_20 && !version.matches("(?s).*ceph version 1[0-9]\\..*");
  }

  private ImageMirrorMode createMirrored(String name, ImageMirrorMode mode) {
    rbd.create(name, MIB);
    try (Image image = rbd.open(name)) {
      new ImageMirror(image).enable(mode);
    }
    return mode;
  }

  private static String missingPeer() {
    return UUID.randomUUID().toString();
  }

  // ------------------------------------------------------------------------------------- pool

  @ParameterizedTest
  @EnumSource(
      value = MirrorMode.class,
      names = {"DISABLED", "IMAGE", "POOL"})
  void aModeThatIsSetIsTheMode(MirrorMode mode) {
    assertThat(mirror.mode()).isEqualTo(MirrorMode.DISABLED);
    mirror.setMode(mode);
    assertThat(mirror.mode()).isEqualTo(mode);
    assertThat(mirror.modeValue()).isEqualTo(mode.value());
    assertThat(ceph.rbd("mirror", "pool", "info", pool, "--format", "json"))
        .contains("\"mode\":\"" + mode.name().toLowerCase(Locale.ROOT) + "\"");
  }

  @Test
  void theModeCanBeChangedFromAnyToAnyOther() {
    List<MirrorMode> path =
        List.of(
            MirrorMode.IMAGE,
            MirrorMode.POOL,
            MirrorMode.IMAGE,
            MirrorMode.DISABLED,
            MirrorMode.POOL,
            MirrorMode.DISABLED);
    for (MirrorMode mode : path) {
      mirror.setMode(mode);
      assertThat(mirror.mode()).isEqualTo(mode);
    }
  }

  @Test
  void theModeThatOnlyInitializesIsThatOfCeph20() {
    if (knowsInitOnly()) {
      mirror.setMode(MirrorMode.INIT_ONLY);
      assertThat(mirror.mode()).isEqualTo(MirrorMode.INIT_ONLY);
    } else {
      assertThatThrownBy(() -> mirror.setMode(MirrorMode.INIT_ONLY))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining(pool);
      assertThat(mirror.mode()).isEqualTo(MirrorMode.DISABLED);
    }
  }

  @Test
  void theUnknownConstantsAreRefused() {
    assertThatThrownBy(() -> mirror.setMode(MirrorMode.UNKNOWN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> mirror.addPeer(MirrorPeerDirection.UNKNOWN, "site", "client.a"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> mirror.setPeerDirection("uuid", MirrorPeerDirection.UNKNOWN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> mirror.importBootstrapToken(MirrorPeerDirection.UNKNOWN, "token"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> mirror.images(ImageMirrorMode.UNKNOWN))
        .isInstanceOf(IllegalArgumentException.class);
    rbd.create("image", MIB);
    try (Image image = rbd.open("image")) {
      assertThatThrownBy(() -> new ImageMirror(image).enable(ImageMirrorMode.UNKNOWN))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void theSiteNameIsTheFsidUntilItIsSet() {
    String fsid = cluster.fsid().toString();
    assertThat(Mirror.siteName(cluster)).isEqualTo(fsid);
    try {
      Mirror.setSiteName(cluster, "nürnberg-1");
      assertThat(Mirror.siteName(cluster)).isEqualTo("nürnberg-1");
      mirror.setMode(MirrorMode.IMAGE);
      assertThat(ceph.rbd("mirror", "pool", "info", pool, "--format", "json"))
          .contains("\"site_name\":\"nürnberg-1\"");
      String longName = "x".repeat(1000); // longer than the first buffer for it
      Mirror.setSiteName(cluster, longName);
      assertThat(Mirror.siteName(cluster)).isEqualTo(longName);
    } finally {
      Mirror.setSiteName(cluster, "");
    }
    assertThat(Mirror.siteName(cluster)).isEqualTo(fsid);
  }

  @Test
  void theUuidIsThereOnceMirroringWasEnabled() {
    assertThatThrownBy(mirror::uuid)
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("mirror uuid of pool " + pool);
    mirror.setMode(MirrorMode.IMAGE);
    String uuid = mirror.uuid();
    assertThat(UUID.fromString(uuid)).hasToString(uuid);
    mirror.setMode(MirrorMode.POOL);
    assertThat(mirror.uuid()).isEqualTo(uuid);
  }

  @Test
  void theRemoteNamespaceIsThatOfCeph20() {
    if (!CEPH_20) {
      assertUnsupported("rbd_mirror_remote_namespace_get", mirror::remoteNamespace);
      assertUnsupported(
          "rbd_mirror_remote_namespace_set", () -> mirror.setRemoteNamespace("other"));
      return;
    }
    if (!knowsInitOnly()) {
      assertThatThrownBy(() -> mirror.setMode(MirrorMode.INIT_ONLY))
          .isInstanceOf(InvalidRequestException.class);
      return;
    }
    mirror.setMode(MirrorMode.INIT_ONLY);
    rbd.namespaces().create("here");
    try (IoContext here = io.withNamespace("here")) {
      Mirror mirrorHere = new Mirror(here);
      assertThat(mirrorHere.remoteNamespace()).isEqualTo("here");
      mirrorHere.setRemoteNamespace("there");
      assertThat(mirrorHere.remoteNamespace()).isEqualTo("there");
      mirrorHere.setMode(MirrorMode.IMAGE);
      assertThat(mirrorHere.remoteNamespace()).isEqualTo("there");
      assertThatThrownBy(() -> mirrorHere.setRemoteNamespace("elsewhere"))
          .isInstanceOf(InvalidRequestException.class);
    }
  }

  // ------------------------------------------------------------------------------------ peers

  @Test
  void aPeerIsListedAsItWasAdded() {
    mirror.setMode(MirrorMode.IMAGE);
    assertThat(mirror.peers()).isEmpty();
    String uuid = mirror.addPeer(MirrorPeerDirection.RX, "zürich", "client.mirrör");
    assertThat(UUID.fromString(uuid)).hasToString(uuid);
    assertThat(mirror.peers())
        .containsExactly(
            new MirrorPeer(
                uuid,
                MirrorPeerDirection.RX,
                MirrorPeerDirection.RX.value(),
                "zürich",
                "",
                "client.mirrör",
                Instant.EPOCH));
    assertThat(ceph.rbd("mirror", "pool", "info", pool, "--format", "json"))
        .contains("\"uuid\":\"" + uuid + "\"")
        .contains("\"direction\":\"rx-only\"")
        .contains("\"site_name\":\"zürich\"")
        .contains("\"client_name\":\"client.mirrör\"");
  }

  @Test
  void allPeersAreListedAlsoWhenTheyAreMany() {
    mirror.setMode(MirrorMode.IMAGE);
    Map<String, String> sites = new LinkedHashMap<>();
    for (int i = 0; i < 20; i++) { // more than the first array has room for
      String site = "site-" + i;
      sites.put(mirror.addPeer(MirrorPeerDirection.RX_TX, site, "client." + i), site);
    }
    Map<String, String> listed = new LinkedHashMap<>();
    mirror.peers().forEach(peer -> listed.put(peer.uuid(), peer.siteName()));
    assertThat(listed).containsExactlyInAnyOrderEntriesOf(sites);
    sites.keySet().forEach(mirror::removePeer);
    assertThat(mirror.peers()).isEmpty();
  }

  @Test
  void whatOneSetsAboutAPeerIsListed() {
    mirror.setMode(MirrorMode.IMAGE);
    String uuid = mirror.addPeer(MirrorPeerDirection.RX, "before", "client.before");
    mirror.setPeerSiteName(uuid, "after");
    mirror.setPeerClientName(uuid, "client.after");
    for (MirrorPeerDirection direction :
        List.of(MirrorPeerDirection.TX, MirrorPeerDirection.RX_TX, MirrorPeerDirection.RX)) {
      mirror.setPeerDirection(uuid, direction);
      assertThat(mirror.peers())
          .singleElement()
          .satisfies(
              peer -> {
                assertThat(peer.uuid()).isEqualTo(uuid);
                assertThat(peer.siteName()).isEqualTo("after");
                assertThat(peer.clientName()).isEqualTo("client.after");
                assertThat(peer.direction()).isEqualTo(direction);
                assertThat(peer.directionValue()).isEqualTo(direction.value());
              });
    }
  }

  @Test
  void theAttributesOfAPeerComeBack() {
    mirror.setMode(MirrorMode.IMAGE);
    String uuid = mirror.addPeer(MirrorPeerDirection.RX, "site", "client.a");
    assertThatThrownBy(() -> mirror.peerAttributes(uuid))
        .isInstanceOf(ObjectNotFoundException.class);

    Map<String, String> attributes =
        Map.of("mon_host", "v2:127.0.0.1:3300", "key", "", "ünï", "ä".repeat(20_000));
    mirror.setPeerAttributes(uuid, attributes);
    assertThat(mirror.peerAttributes(uuid)).isEqualTo(attributes);

    Map<String, String> many = new LinkedHashMap<>();
    IntStream.range(0, 200).forEach(i -> many.put("attribute-" + i, i % 3 == 0 ? "" : "v" + i));
    mirror.setPeerAttributes(uuid, many);
    assertThat(mirror.peerAttributes(uuid)).isEqualTo(many);

    mirror.setPeerAttributes(uuid, Map.of());
    assertThat(mirror.peerAttributes(uuid)).isEmpty();
    assertThatThrownBy(() -> mirror.setPeerAttributes(uuid, Map.of("a", "b\0c")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPeerThatIsNotThereIsNotFound() {
    mirror.setMode(MirrorMode.IMAGE);
    String missing = missingPeer();
    assertThatThrownBy(() -> mirror.setPeerSiteName(missing, "site"))
        .isInstanceOf(ObjectNotFoundException.class)
        .hasMessageContaining("mirror peer " + missing + " of pool " + pool);
    assertThatThrownBy(() -> mirror.setPeerClientName(missing, "client.a"))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> mirror.setPeerDirection(missing, MirrorPeerDirection.RX))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> mirror.peerAttributes(missing))
        .isInstanceOf(ObjectNotFoundException.class);
    assertThatThrownBy(() -> mirror.setPeerAttributes(missing, Map.of("key", "value")))
        .isInstanceOf(ObjectNotFoundException.class);
    mirror.removePeer(missing);
    assertThat(mirror.peers()).isEmpty();
  }

  @Test
  void aSiteIsAPeerOnce() {
    mirror.setMode(MirrorMode.IMAGE);
    String first = mirror.addPeer(MirrorPeerDirection.RX, "first", "client.a");
    String second = mirror.addPeer(MirrorPeerDirection.RX, "second", "client.a");
    assertThatThrownBy(() -> mirror.addPeer(MirrorPeerDirection.RX, "first", "client.a"))
        .isInstanceOf(ObjectExistsException.class)
        .hasMessageContaining("mirror peer first of pool " + pool);
    assertThatThrownBy(() -> mirror.setPeerSiteName(second, "first"))
        .isInstanceOf(ObjectExistsException.class);
    mirror.removePeer(first);
    mirror.setPeerSiteName(second, "first");
    assertThat(mirror.peers()).extracting(MirrorPeer::siteName).containsExactly("first");
  }

  @Test
  void aPeerNeedsMirroringAndADirectionToHere() {
    assertThatThrownBy(() -> mirror.addPeer(MirrorPeerDirection.RX, "site", "client.a"))
        .isInstanceOf(InvalidRequestException.class);
    mirror.setMode(MirrorMode.IMAGE);
    assertThatThrownBy(() -> mirror.addPeer(MirrorPeerDirection.TX, "site", "client.a"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> mirror.addPeer(MirrorPeerDirection.RX, "", "client.a"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void mirroringIsNotDisabledWhileThereArePeers() {
    mirror.setMode(MirrorMode.IMAGE);
    String uuid = mirror.addPeer(MirrorPeerDirection.RX, "site", "client.a");
    assertThatThrownBy(() -> mirror.setMode(MirrorMode.DISABLED))
        .isExactlyInstanceOf(ObjectBusyException.class);
    mirror.removePeer(uuid);
    mirror.setMode(MirrorMode.DISABLED);
    assertThat(mirror.mode()).isEqualTo(MirrorMode.DISABLED);
  }

  @Test
  void aTokenOfThisClusterOrOfNoneIsRefused() {
    mirror.setMode(MirrorMode.IMAGE);
    String token = mirror.createBootstrapToken();
    assertThat(new String(Base64.getDecoder().decode(token), StandardCharsets.UTF_8))
        .contains(cluster.fsid().toString());
    assertThatThrownBy(() -> mirror.importBootstrapToken(MirrorPeerDirection.RX, token))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> mirror.importBootstrapToken(MirrorPeerDirection.RX, "no token"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> mirror.importBootstrapToken(MirrorPeerDirection.RX, ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(mirror.peers()).isEmpty();
  }

  // ----------------------------------------------------------------------------------- images

  @Test
  void aPoolWithoutMirroredImagesListsNone() {
    mirror.setMode(MirrorMode.IMAGE);
    rbd.create("image", MIB);
    assertThat(mirror.statusSummary()).isEmpty();
    assertThat(mirror.images()).isEmpty();
    assertThat(mirror.imageStatuses()).isEmpty();
    assertThat(mirror.instanceIds()).isEmpty();
  }

  @Test
  void theListsOfImagesHaveAllPages() throws Exception {
    mirror.setMode(MirrorMode.IMAGE);
    Map<String, String> names = new LinkedHashMap<>();
    Map<String, ImageMirrorMode> modes = new LinkedHashMap<>();
    int count = 270; // three pages of 128
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<Future<ImageMirrorMode>> created = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String name = "image-" + i;
        ImageMirrorMode mode = i % 50 == 0 ? ImageMirrorMode.JOURNAL : ImageMirrorMode.SNAPSHOT;
        created.add(executor.submit(() -> createMirrored(name, mode)));
      }
      for (Future<ImageMirrorMode> each : created) {
        each.get();
      }
    }
    rbd.list()
        .forEach(
            image -> {
              names.put(image.id(), image.name());
              int number = Integer.parseInt(image.name().substring("image-".length()));
              modes.put(
                  image.id(),
                  number % 50 == 0 ? ImageMirrorMode.JOURNAL : ImageMirrorMode.SNAPSHOT);
            });
    assertThat(names).hasSize(count);

    Map<String, MirroredImage> images = collect(mirror.images());
    assertThat(images.keySet()).isEqualTo(names.keySet());
    images.forEach(
        (id, image) -> {
          assertThat(image.mode()).isEqualTo(modes.get(id));
          assertThat(image.info().state()).isEqualTo(ImageMirrorState.ENABLED);
          assertThat(image.info().primary()).isTrue();
        });
    Set<String> globalIds = new HashSet<>();
    images.values().forEach(image -> globalIds.add(image.info().globalId()));
    assertThat(globalIds).hasSize(count);

    assertThat(mirror.images(ImageMirrorMode.JOURNAL)).hasSize(6);
    assertThat(mirror.images(ImageMirrorMode.SNAPSHOT))
        .hasSize(count - 6)
        .allSatisfy(
            image -> assertThat(image.getValue().mode()).isEqualTo(ImageMirrorMode.SNAPSHOT));

    Map<String, ImageMirrorStatus> statuses = collect(mirror.imageStatuses());
    assertThat(statuses.keySet()).isEqualTo(names.keySet());
    statuses.forEach(
        (id, status) -> {
          assertThat(status.name()).isEqualTo(names.get(id));
          assertThat(status.info().globalId()).isEqualTo(images.get(id).info().globalId());
        });
    assertThat(mirror.statusSummary())
        .containsExactly(new ReplayCount(ReplayState.UNKNOWN, 0, count));
    assertThat(mirror.instanceIds()).isEmpty();

    // A stream of which little is taken reads little, and can be left.
    assertThat(mirror.images().limit(3)).hasSize(3);
  }

  private static <T> Map<String, T> collect(Stream<Map.Entry<String, T>> stream) {
    Map<String, T> map = new LinkedHashMap<>();
    stream.forEach(e -> assertThat(map.put(e.getKey(), e.getValue())).isNull());
    return map;
  }

  @Test
  void anImageThatIsNotMirroredSaysSo() {
    mirror.setMode(MirrorMode.IMAGE);
    rbd.create("image", MIB);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      assertThat(imageMirror.info())
          .isEqualTo(
              new ImageMirrorInfo(
                  "", ImageMirrorState.DISABLED, ImageMirrorState.DISABLED.value(), false));
      if (CEPH_20) {
        assertThatThrownBy(imageMirror::mode).isInstanceOf(InvalidRequestException.class);
      } else {
        assertThat(imageMirror.mode()).isEqualTo(ImageMirrorMode.JOURNAL);
        assertThat(imageMirror.modeValue()).isEqualTo(ImageMirrorMode.JOURNAL.value());
      }
      assertThatThrownBy(imageMirror::instanceId).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(imageMirror::demote).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> imageMirror.promote(false))
          .isExactlyInstanceOf(
              CEPH_20 ? InvalidRequestException.class : ObjectNotFoundException.class)
          .hasMessageContaining("promote image " + pool + "/image");
      assertThatThrownBy(imageMirror::resync)
          .isExactlyInstanceOf(
              CEPH_20 ? InvalidRequestException.class : ObjectNotFoundException.class);
      assertThatThrownBy(() -> imageMirror.createSnapshot(Set.of()))
          .isInstanceOf(InvalidRequestException.class);
      imageMirror.disable(false);
    }
  }

  @Test
  void anImageIsMirroredOnlyInModeImage() {
    rbd.create("image", MIB);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      assertThatThrownBy(() -> imageMirror.enable(ImageMirrorMode.SNAPSHOT))
          .isInstanceOf(InvalidRequestException.class);
      mirror.setMode(MirrorMode.POOL);
      assertThatThrownBy(() -> imageMirror.enable(ImageMirrorMode.SNAPSHOT))
          .isInstanceOf(InvalidRequestException.class);
      image.updateFeatures(Set.of(Feature.JOURNALING), true);
      assertThat(imageMirror.info().state()).isEqualTo(ImageMirrorState.ENABLED);
      assertThat(imageMirror.mode()).isEqualTo(ImageMirrorMode.JOURNAL);
    }
  }

  @Test
  void mirroringByTheJournalTurnsTheJournalOn() {
    mirror.setMode(MirrorMode.IMAGE);
    rbd.create("image", MIB);
    try (Image image = rbd.open("image")) {
      assertThat(image.features()).doesNotContain(Feature.JOURNALING);
      ImageMirror imageMirror = new ImageMirror(image);
      imageMirror.enable(ImageMirrorMode.JOURNAL);
      assertThat(image.features()).contains(Feature.JOURNALING);
      assertThat(imageMirror.mode()).isEqualTo(ImageMirrorMode.JOURNAL);
      assertThat(imageMirror.info().primary()).isTrue();
      assertThatThrownBy(() -> imageMirror.createSnapshot(Set.of()))
          .isInstanceOf(InvalidRequestException.class);

      imageMirror.demote();
      assertThat(imageMirror.info().primary()).isFalse();
      assertThatThrownBy(() -> image.writeAt(0, new byte[512]))
          .isInstanceOfAny(PermissionDeniedException.class, ReadOnlyImageException.class);
      imageMirror.promote(false);
      assertThat(imageMirror.info().primary()).isTrue();
      image.writeAt(0, new byte[512]);

      imageMirror.disable(false);
      assertThat(imageMirror.info().state()).isEqualTo(ImageMirrorState.DISABLED);
    }
  }

  @Test
  void aMirroredImageIsDemotedAndPromoted() {
    mirror.setMode(MirrorMode.IMAGE);
    createMirrored("image", ImageMirrorMode.SNAPSHOT);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      ImageMirrorInfo info = imageMirror.info();
      assertThat(UUID.fromString(info.globalId())).hasToString(info.globalId());
      assertThat(info.state()).isEqualTo(ImageMirrorState.ENABLED);
      assertThat(info.stateValue()).isEqualTo(ImageMirrorState.ENABLED.value());
      assertThat(info.primary()).isTrue();
      assertThat(imageMirror.mode()).isEqualTo(ImageMirrorMode.SNAPSHOT);
      assertThat(ceph.rbd("info", pool + "/image", "--format", "json"))
          .contains("\"mode\":\"snapshot\"")
          .contains("\"global_id\":\"" + info.globalId() + "\"")
          .contains("\"primary\":true");
      assertThatThrownBy(() -> imageMirror.enable(ImageMirrorMode.JOURNAL))
          .isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> imageMirror.promote(false))
          .isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> imageMirror.promote(true))
          .isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(imageMirror::resync).isInstanceOf(InvalidRequestException.class);

      imageMirror.demote();
      assertThat(imageMirror.info().primary()).isFalse();
      assertThat(imageMirror.info().globalId()).isEqualTo(info.globalId());
      assertThat(ceph.rbd("info", pool + "/image", "--format", "json"))
          .contains("\"primary\":false");
      assertThatThrownBy(() -> image.writeAt(0, new byte[512]))
          .isInstanceOf(ReadOnlyImageException.class);
      assertThatThrownBy(imageMirror::demote).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> imageMirror.createSnapshot(Set.of()))
          .isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> imageMirror.disable(false))
          .isInstanceOf(InvalidRequestException.class);

      imageMirror.promote(false);
      assertThat(imageMirror.info()).isEqualTo(info);
      image.writeAt(0, new byte[512]);
    }
  }

  @Test
  void anImageThatIsNotPrimaryIsDisabledByForce() {
    mirror.setMode(MirrorMode.IMAGE);
    createMirrored("image", ImageMirrorMode.SNAPSHOT);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      assertThatThrownBy(() -> mirror.setMode(MirrorMode.DISABLED))
          .isInstanceOf(InvalidRequestException.class);
      imageMirror.demote();
      imageMirror.disable(true);
      assertThat(imageMirror.info().state()).isEqualTo(ImageMirrorState.DISABLED);
      assertThat(image.snapshots()).isEmpty();
      assertThat(mirror.images()).isEmpty();
    }
  }

  @Test
  void withoutADaemonTheStatusIsUnknown() {
    mirror.setMode(MirrorMode.IMAGE);
    createMirrored("image", ImageMirrorMode.SNAPSHOT);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      assertThatThrownBy(imageMirror::instanceId)
          .isExactlyInstanceOf(ObjectNotFoundException.class)
          .hasMessageContaining("get the mirror instance of image " + pool + "/image");
      ImageMirrorStatus status = imageMirror.status();
      assertThat(status.name()).isEqualTo("image");
      assertThat(status.info()).isEqualTo(imageMirror.info());
      assertThat(status.local())
          .contains(
              new SiteStatus(
                  "",
                  ReplayState.UNKNOWN,
                  0, // librbd's own number for unknown
                  "status not found",
                  Instant.EPOCH,
                  false));
      assertThat(ceph.rbd("mirror", "image", "status", pool + "/image", "--format", "json"))
          .contains("\"global_id\":\"" + status.info().globalId() + "\"")
          .contains("\"state\":\"down+unknown\"");
    }
    assertThat(mirror.statusSummary()).containsExactly(new ReplayCount(ReplayState.UNKNOWN, 0, 1));
  }

  @Test
  void mirrorSnapshotsNameThePeersThatNeedThem() {
    mirror.setMode(MirrorMode.IMAGE);
    createMirrored("image", ImageMirrorMode.SNAPSHOT);
    try (Image image = rbd.open("image")) {
      ImageMirror imageMirror = new ImageMirror(image);
      List<SnapshotInfo> first = image.snapshots();
      assertThat(first).hasSize(1);
      assertThat(namespace(image, first.getFirst().id()).mirrorPeerUuids()).isEmpty();

      String one = mirror.addPeer(MirrorPeerDirection.RX_TX, "one", "client.a");
      String two = mirror.addPeer(MirrorPeerDirection.RX_TX, "two", "client.b");
      mirror.addPeer(MirrorPeerDirection.RX, "three", "client.c");
      Instant before = Instant.now().minusSeconds(5);
      long id = imageMirror.createSnapshot(Set.of(SnapshotCreateFlag.SKIP_QUIESCE));
      assertThat(image.snapshotTimestamp(id)).isBetween(before, Instant.now().plusSeconds(5));
      SnapshotNamespace.Mirror taken = namespace(image, id);
      assertThat(taken.type()).isEqualTo(SnapshotNamespaceType.MIRROR);
      assertThat(taken.state()).isEqualTo(MirrorSnapshotState.PRIMARY);
      assertThat(taken.stateValue()).isEqualTo(MirrorSnapshotState.PRIMARY.value());
      assertThat(taken.complete()).isTrue();
      assertThat(taken.mirrorPeerUuids()).containsExactlyInAnyOrder(one, two);
      assertThat(taken.primaryMirrorUuid()).isEmpty();
      assertThat(taken.primarySnapshotId()).isEqualTo(-2);
      assertThat(taken.lastCopiedObjectNumber()).isZero();

      assertThat(ceph.rbd("mirror", "image", "status", pool + "/image", "--format", "json"))
          .contains("\"id\":" + id + ",")
          .contains(one)
          .contains(two);

      imageMirror.demote();
      SnapshotInfo last = image.snapshots().getLast();
      assertThat(namespace(image, last.id()).state())
          .isEqualTo(MirrorSnapshotState.PRIMARY_DEMOTED);
      assertThat(ceph.rbd("snap", "ls", "--all", pool + "/image", "--format", "json"))
          .contains("\"id\":" + last.id() + ",")
          .contains("\"state\":\"demoted\"");
    }
  }

  @Test
  void aMirrorSnapshotCanPassOverWhoCannotPrepareForIt() {
    mirror.setMode(MirrorMode.IMAGE);
    mirror.addPeer(MirrorPeerDirection.RX_TX, "site", "client.a"); // a snapshot is for somebody
    createMirrored("image", ImageMirrorMode.SNAPSHOT);
    AtomicInteger asked = new AtomicInteger();
    try (Image image = rbd.open("image");
        QuiesceWatch watch =
            image.watchQuiesce(new UnableToQuiesce(asked), Duration.ofSeconds(20))) {
      ImageMirror imageMirror = new ImageMirror(image);
      List<SnapshotInfo> before = image.snapshots();
      assertThatThrownBy(() -> imageMirror.createSnapshot(Set.of()))
          .isInstanceOf(RbdException.class);
      assertThat(asked).hasPositiveValue();
      assertThat(image.snapshots()).isEqualTo(before);

      asked.set(0);
      long ignoring = imageMirror.createSnapshot(Set.of(SnapshotCreateFlag.IGNORE_QUIESCE_ERROR));
      assertThat(asked).hasPositiveValue();

      asked.set(0);
      long skipping = imageMirror.createSnapshot(Set.of(SnapshotCreateFlag.SKIP_QUIESCE));
      assertThat(asked).hasValue(0);
      assertThat(image.snapshots()).extracting(SnapshotInfo::id).contains(ignoring, skipping);
      assertThat(skipping).isGreaterThan(ignoring);
      assertThat(watch.isClosed()).isFalse();
    }
  }

  private static SnapshotNamespace.Mirror namespace(Image image, long snapshotId) {
    SnapshotNamespace namespace = image.snapshotNamespace(snapshotId);
    assertThat(namespace).isInstanceOf(SnapshotNamespace.Mirror.class);
    return (SnapshotNamespace.Mirror) namespace;
  }

  @Test
  void anImageIsMirroredWithoutWaiting() throws Exception {
    mirror.setMode(MirrorMode.IMAGE);
    mirror.addPeer(MirrorPeerDirection.RX_TX, "site", "client.a"); // a snapshot is for somebody
    String name = "background";
    createMirrored(name, ImageMirrorMode.SNAPSHOT);
    ImageMirror background;
    try (Image image = rbd.open(name)) {
      background = new ImageMirror(image);
      assertThat(get(background.modeAsync())).isEqualTo(ImageMirrorMode.SNAPSHOT);
      assertThat(get(background.infoAsync())).isEqualTo(background.info());
      assertThat(get(background.statusAsync())).isEqualTo(background.status());
      long id = get(background.createSnapshotAsync(Set.of()));
      assertThat(image.snapshots()).extracting(SnapshotInfo::id).contains(id);
      assertThat(image.snapshotNamespace(id)).isInstanceOf(SnapshotNamespace.Mirror.class);
      get(background.demoteAsync());
      assertThat(get(background.infoAsync()).primary()).isFalse();
      assertThatThrownBy(() -> get(background.demoteAsync()))
          .hasCauseInstanceOf(InvalidRequestException.class);
      get(background.promoteAsync(false));
      assertThat(get(background.infoAsync()).primary()).isTrue();
    }
    assertThatThrownBy(() -> get(background.promoteAsync(true)))
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }
}
