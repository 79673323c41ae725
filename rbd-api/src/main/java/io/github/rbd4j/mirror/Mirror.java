package io.github.rbd4j.mirror;

import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_global_status_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_global_status_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_info_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_info_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_instance_id_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_instance_id_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_image_status_summary;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_mode_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_mode_set;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_bootstrap_create;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_bootstrap_import;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_add;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_get_attributes;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_list;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_list_cleanup;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_remove;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_set_attributes;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_set_client_name;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_set_direction;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_peer_site_set_name;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_remote_namespace_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_remote_namespace_set;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_site_name_get;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_site_name_set;
import static io.github.rbd4j.bindings.librbd_h.rbd_mirror_uuid_get;

import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.bindings.rbd_mirror_image_global_status_t;
import io.github.rbd4j.bindings.rbd_mirror_image_info_t;
import io.github.rbd4j.bindings.rbd_mirror_peer_site_t;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.NativeTime;
import io.github.rbd4j.internal.NestedJson;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Mirroring of a pool and namespace to other clusters. It is a view of an {@link IoContext}, costs
 * nothing, and is safe for any number of threads. The copying itself is done by the {@code
 * rbd-mirror} daemon of the other cluster.
 */
public final class Mirror {
  private static final long UUID_SIZE = 64;

  private final IoContext io;
  private final NativeHandle handle;

  /**
   * Makes the view.
   *
   * @param io the pool and namespace
   */
  public Mirror(IoContext io) {
    this.io = Objects.requireNonNull(io, "io");
    this.handle = Handles.of(io);
  }

  // ------------------------------------------------------------------------------------- site

  /**
   * The name of the site of a cluster.
   *
   * <p>Implements: {@code int rbd_mirror_site_name_get(rados_t cluster, char *name, size_t
   * *max_len)}
   *
   * @param cluster the cluster
   * @return the name; the fsid if none was set
   */
  public static String siteName(Cluster cluster) {
    NativeHandle connection = Handles.of(cluster);
    return connection.use(
        (rados, arena) ->
            SizedBuffer.fetchString(
                connection.operation("get the mirror site name of"),
                Sizing.SIZE_POINTER,
                b -> rbd_mirror_site_name_get(rados, b.data(0), b.sizePointer(0))));
  }

  /**
   * Sets the name of the site of a cluster.
   *
   * <p>Implements: {@code int rbd_mirror_site_name_set(rados_t cluster, const char *name)}
   *
   * @param cluster the cluster
   * @param name the name; empty for the fsid
   */
  public static void setSiteName(Cluster cluster, String name) {
    NativeStrings.require(name, "name");
    NativeHandle connection = Handles.of(cluster);
    connection.callInArena(
        connection.operation("set the mirror site name of"),
        (rados, arena) -> rbd_mirror_site_name_set(rados, NativeStrings.copy(arena, name)));
  }

  // ------------------------------------------------------------------------------------- pool

  /**
   * What of the pool is mirrored.
   *
   * @return the mode
   */
  public MirrorMode mode() {
    return MirrorMode.of(modeValue());
  }

  /**
   * The number of what of the pool is mirrored, also when this version of rbd4j does not know it.
   *
   * <p>Implements: {@code int rbd_mirror_mode_get(rados_ioctx_t io_ctx, rbd_mirror_mode_t
   * *mirror_mode)}
   *
   * @return the number of librbd, see {@link MirrorMode#value}
   */
  public int modeValue() {
    return handle.use(
        (pool, arena) -> {
          MemorySegment mode = arena.allocate(ValueLayout.JAVA_INT);
          Failures.check(
              rbd_mirror_mode_get(pool, mode), handle.operation("get the mirror mode of"));
          return mode.get(ValueLayout.JAVA_INT, 0);
        });
  }

  /**
   * Sets what of the pool is mirrored. If that fails, the mode is what it was.
   *
   * <p>Implements: {@code int rbd_mirror_mode_set(rados_ioctx_t io_ctx, rbd_mirror_mode_t
   * mirror_mode)}
   *
   * @param mode the mode
   * @throws io.github.rbd4j.ObjectBusyException if mirroring is to be disabled and there are peers
   * @throws InvalidRequestException if mirroring is to be disabled in mode {@link MirrorMode#IMAGE}
   *     and there are mirrored images, or if the cluster does not know the mode
   */
  public void setMode(MirrorMode mode) {
    requireKnown(mode != MirrorMode.UNKNOWN, "mode");
    int before = modeValue();
    try {
      set(mode.value());
    } catch (InvalidRequestException notKnown) {
      // librbd of Ceph 20 sets another mode first, and an older cluster refuses the last one.
      if (modeValue() != before) {
        set(before);
      }
      throw notKnown;
    }
  }

  private void set(int mode) {
    handle.call(
        handle.operation("set the mirror mode of"), pool -> rbd_mirror_mode_set(pool, mode));
  }

  /**
   * The id of this pool in mirroring.
   *
   * <p>Implements: {@code int rbd_mirror_uuid_get(rados_ioctx_t io_ctx, char *uuid, size_t
   * *max_len)}
   *
   * @return the id
   * @throws io.github.rbd4j.ObjectNotFoundException if mirroring was never enabled
   */
  public String uuid() {
    return string(
        new Operation("get", Subject.OTHER, "the mirror uuid of pool " + handle.name()),
        (pool, b) -> rbd_mirror_uuid_get(pool, b.data(0), b.sizePointer(0)));
  }

  /**
   * The namespace of the other cluster with which this namespace is mirrored. Needs librbd of Ceph
   * 20 or newer.
   *
   * <p>Implements: {@code int rbd_mirror_remote_namespace_get(rados_ioctx_t io_ctx, char
   * *remote_namespace, size_t *max_len)}
   *
   * @return the name of the namespace
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public String remoteNamespace() {
    NativeSymbols.require("rbd_mirror_remote_namespace_get");
    return string(
        handle.operation("get the remote mirror namespace of"),
        (pool, b) -> rbd_mirror_remote_namespace_get(pool, b.data(0), b.sizePointer(0)));
  }

  /**
   * Sets the namespace of the other cluster with which this namespace is mirrored. Needs librbd of
   * Ceph 20 or newer.
   *
   * <p>Implements: {@code int rbd_mirror_remote_namespace_set(rados_ioctx_t io_ctx, const char
   * *remote_namespace)}
   *
   * @param namespace the name of the namespace, empty for the default one
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public void setRemoteNamespace(String namespace) {
    NativeStrings.require(namespace, "namespace");
    NativeSymbols.require("rbd_mirror_remote_namespace_set");
    handle.callInArena(
        handle.operation("set the remote mirror namespace of"),
        (pool, arena) ->
            rbd_mirror_remote_namespace_set(pool, NativeStrings.copy(arena, namespace)));
  }

  // ------------------------------------------------------------------------------------ peers

  /**
   * Makes a token with which another cluster can become a peer of this pool. It contains a secret
   * key, and is a string, which cannot be erased.
   *
   * <p>Implements: {@code int rbd_mirror_peer_bootstrap_create(rados_ioctx_t io_ctx, char *token,
   * size_t *max_len)}
   *
   * @return the token
   */
  public String createBootstrapToken() {
    return string(
        handle.operation("create a mirror bootstrap token of"),
        (pool, b) -> rbd_mirror_peer_bootstrap_create(pool, b.data(0), b.sizePointer(0)));
  }

  /**
   * Makes the cluster that created a token a peer of this pool. If it is one already, its direction
   * and the user with which to reach it stay as they are.
   *
   * <p>Implements: {@code int rbd_mirror_peer_bootstrap_import(rados_ioctx_t io_ctx,
   * rbd_mirror_peer_direction_t direction, const char *token)}
   *
   * @param direction {@link MirrorPeerDirection#RX} or {@link MirrorPeerDirection#RX_TX}
   * @param token the token; its native copy is erased
   * @throws IllegalArgumentException if it is so long or nested that it cannot be a token
   * @throws io.github.rbd4j.InvalidRequestException if it is no token, or one of this cluster, or
   *     if the pool has another peer already, of which librbd supports one only
   */
  public void importBootstrapToken(MirrorPeerDirection direction, String token) {
    requireKnown(direction != MirrorPeerDirection.UNKNOWN, "direction");
    NestedJson.requireToken(NativeStrings.requireName(token, "token"), "token");
    handle.callInArena(
        handle.operation("import a mirror bootstrap token into"),
        (pool, arena) -> {
          MemorySegment secret = NativeStrings.copy(arena, token);
          try {
            return rbd_mirror_peer_bootstrap_import(pool, direction.value(), secret);
          } finally {
            secret.fill((byte) 0);
          }
        });
  }

  /**
   * Adds a peer. {@link #importBootstrapToken} is the easier way.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_add(rados_ioctx_t io_ctx, char *uuid, size_t
   * uuid_max_length, rbd_mirror_peer_direction_t direction, const char *site_name, const char
   * *client_name)}
   *
   * @param direction which way it shall be used
   * @param siteName the name of its site
   * @param clientName the user with which to reach it, for instance {@code client.rbd-mirror-peer}
   * @return the uuid of the peer
   * @throws io.github.rbd4j.ObjectExistsException if there is a peer of that site
   * @throws io.github.rbd4j.InvalidRequestException if mirroring is disabled, or the direction is
   *     {@link MirrorPeerDirection#TX}
   */
  public String addPeer(MirrorPeerDirection direction, String siteName, String clientName) {
    requireKnown(direction != MirrorPeerDirection.UNKNOWN, "direction");
    NativeStrings.requireName(siteName, "siteName");
    NativeStrings.requireName(clientName, "clientName");
    return handle.use(
        (pool, arena) -> {
          MemorySegment uuid = arena.allocate(UUID_SIZE);
          Failures.check(
              rbd_mirror_peer_site_add(
                  pool,
                  uuid,
                  UUID_SIZE,
                  direction.value(),
                  NativeStrings.copy(arena, siteName),
                  NativeStrings.copy(arena, clientName)),
              handle
                  .operation("add")
                  .on(Subject.OTHER, "mirror peer " + siteName + " of pool " + handle.name()));
          return NativeStrings.readBuffer(uuid);
        });
  }

  /**
   * Removes a peer. Does nothing if there is none.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_remove(rados_ioctx_t io_ctx, const char *uuid)}
   *
   * @param uuid the uuid of the peer
   */
  public void removePeer(String uuid) {
    changePeer("remove", uuid, (pool, arena, id) -> rbd_mirror_peer_site_remove(pool, id));
  }

  /**
   * Sets the name of the site of a peer.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_set_name(rados_ioctx_t io_ctx, const char *uuid,
   * const char *site_name)}
   *
   * @param uuid the uuid of the peer
   * @param siteName the name
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such peer
   * @throws io.github.rbd4j.ObjectExistsException if another peer has that name
   */
  public void setPeerSiteName(String uuid, String siteName) {
    NativeStrings.requireName(siteName, "siteName");
    changePeer(
        "set the site name of",
        uuid,
        (pool, arena, id) ->
            rbd_mirror_peer_site_set_name(pool, id, NativeStrings.copy(arena, siteName)));
  }

  /**
   * Sets the user with which to reach a peer.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_set_client_name(rados_ioctx_t io_ctx, const char
   * *uuid, const char *client_name)}
   *
   * @param uuid the uuid of the peer
   * @param clientName the user, for instance {@code client.rbd-mirror-peer}
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such peer
   */
  public void setPeerClientName(String uuid, String clientName) {
    NativeStrings.requireName(clientName, "clientName");
    changePeer(
        "set the client name of",
        uuid,
        (pool, arena, id) ->
            rbd_mirror_peer_site_set_client_name(pool, id, NativeStrings.copy(arena, clientName)));
  }

  /**
   * Sets which way a peer is used.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_set_direction(rados_ioctx_t io_ctx, const char
   * *uuid, rbd_mirror_peer_direction_t direction)}
   *
   * @param uuid the uuid of the peer
   * @param direction the direction
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such peer
   */
  public void setPeerDirection(String uuid, MirrorPeerDirection direction) {
    requireKnown(direction != MirrorPeerDirection.UNKNOWN, "direction");
    changePeer(
        "set the direction of",
        uuid,
        (pool, arena, id) -> rbd_mirror_peer_site_set_direction(pool, id, direction.value()));
  }

  /**
   * Reads the attributes of a peer: the addresses of its monitors ({@code mon_host}) and its secret
   * ({@code key}), where they were set. The secret is a string, which cannot be erased; rbd4j
   * erases the native copy of it.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_get_attributes(rados_ioctx_t p, const char
   * *uuid, char *keys, size_t *max_key_len, char *values, size_t *max_value_len, size_t
   * *key_value_count)}
   *
   * @param uuid the uuid of the peer
   * @return the attributes
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such peer, or its attributes
   *     were never set
   */
  public Map<String, String> peerAttributes(String uuid) {
    NativeStrings.requireName(uuid, "uuid");
    return handle.use(
        (pool, arena) -> {
          MemorySegment id = NativeStrings.copy(arena, uuid);
          return SizedBuffer.fetch(
              peerOperation("get the attributes of", uuid),
              b ->
                  rbd_mirror_peer_site_get_attributes(
                      pool,
                      id,
                      b.data(0),
                      b.sizePointer(0),
                      b.data(1),
                      b.sizePointer(1),
                      b.sizePointer(2)),
              (b, result) -> {
                List<String> keys = NativeStrings.split(b.data(0), b.count(0));
                List<String> values = NativeStrings.split(b.data(1), b.count(1));
                b.data(1).fill((byte) 0);
                Map<String, String> attributes = new LinkedHashMap<>();
                for (int i = 0; i < Math.min(keys.size(), values.size()); i++) {
                  attributes.put(keys.get(i), values.get(i));
                }
                return attributes;
              },
              Slot.bytes(512, Sizing.SIZE_POINTER),
              Slot.bytes(2048, Sizing.SIZE_POINTER),
              Slot.bytes(64, Sizing.SIZE_POINTER));
        });
  }

  /**
   * Sets the attributes of a peer. See {@link #peerAttributes}. The native copy of the values is
   * erased.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_set_attributes(rados_ioctx_t p, const char
   * *uuid, const char *keys, const char *values, size_t key_value_count)}
   *
   * @param uuid the uuid of the peer
   * @param attributes the attributes
   * @throws io.github.rbd4j.ObjectNotFoundException if there is no such peer
   */
  public void setPeerAttributes(String uuid, Map<String, String> attributes) {
    Map<String, String> all = Map.copyOf(attributes); // it must not change in between
    StringBuilder keys = new StringBuilder();
    StringBuilder values = new StringBuilder();
    all.forEach(
        (key, value) -> {
          keys.append(NativeStrings.requireName(key, "key")).append('\0');
          values.append(NativeStrings.require(value, "value")).append('\0');
        });
    changePeer(
        "set the attributes of",
        uuid,
        (pool, arena, id) -> {
          MemorySegment secrets = arena.allocateFrom(values.toString());
          try {
            return rbd_mirror_peer_site_set_attributes(
                pool, id, arena.allocateFrom(keys.toString()), secrets, all.size());
          } finally {
            secrets.fill((byte) 0);
          }
        });
  }

  /**
   * The peers of the pool.
   *
   * <p>Implements: {@code int rbd_mirror_peer_site_list(rados_ioctx_t io_ctx,
   * rbd_mirror_peer_site_t *peers, int *max_peers)}, with {@code void
   * rbd_mirror_peer_site_list_cleanup(rbd_mirror_peer_site_t *peers, int max_peers)}
   *
   * @return the peers
   */
  public List<MirrorPeer> peers() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchList(
                handle.operation("list the mirror peers of"),
                new Slot(rbd_mirror_peer_site_t.layout(), 8, Sizing.INT_POINTER),
                b -> rbd_mirror_peer_site_list(pool, b.data(0), b.sizePointer(0)),
                peer -> {
                  int direction = rbd_mirror_peer_site_t.direction(peer);
                  return new MirrorPeer(
                      NativeStrings.read(rbd_mirror_peer_site_t.uuid(peer)),
                      MirrorPeerDirection.of(direction),
                      direction,
                      NativeStrings.read(rbd_mirror_peer_site_t.site_name(peer)),
                      NativeStrings.read(rbd_mirror_peer_site_t.mirror_uuid(peer)),
                      NativeStrings.read(rbd_mirror_peer_site_t.client_name(peer)),
                      NativeTime.ofSeconds(rbd_mirror_peer_site_t.last_seen(peer)));
                },
                (array, count) -> rbd_mirror_peer_site_list_cleanup(array, (int) count)));
  }

  @FunctionalInterface
  private interface PeerCall {
    int on(MemorySegment pool, Arena arena, MemorySegment uuid);
  }

  private void changePeer(String verb, String uuid, PeerCall call) {
    NativeStrings.requireName(uuid, "uuid");
    handle.callInArena(
        peerOperation(verb, uuid),
        (pool, arena) -> call.on(pool, arena, NativeStrings.copy(arena, uuid)));
  }

  private Operation peerOperation(String verb, String uuid) {
    return new Operation(verb, Subject.OTHER, "mirror peer " + uuid + " of pool " + handle.name());
  }

  // ----------------------------------------------------------------------------------- images

  /**
   * How many images are in which state in this cluster.
   *
   * <p>Implements: {@code int rbd_mirror_image_status_summary(rados_ioctx_t io_ctx,
   * rbd_mirror_image_status_state_t *states, int *counts, size_t *maxlen)}
   *
   * @return the numbers of images of the states that any image is in, each state once
   */
  public List<ReplayCount> statusSummary() {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetch(
                handle.operation("sum up the mirror status of"),
                b -> rbd_mirror_image_status_summary(pool, b.data(0), counts(b), b.sizePointer(0)),
                (b, result) -> {
                  List<ReplayCount> summary = new ArrayList<>();
                  for (long i = 0; i < b.count(0); i++) {
                    int state = b.data(0).getAtIndex(ValueLayout.JAVA_INT, i);
                    int count = counts(b).getAtIndex(ValueLayout.JAVA_INT, i);
                    summary.add(new ReplayCount(ReplayState.of(state), state, count));
                  }
                  return List.copyOf(summary);
                },
                Slot.array(MemoryLayout.sequenceLayout(2, ValueLayout.JAVA_INT), 32)));
  }

  /** One size tells the length of two arrays, so they are the halves of one buffer. */
  private static MemorySegment counts(SizedBuffer statesAndCounts) {
    MemorySegment both = statesAndCounts.data(0);
    return both.asSlice(both.byteSize() / 2);
  }

  /**
   * What all sites do with the mirrored images. The stream reads page after page as it is consumed.
   * librbd does not find out here which images are primary: use {@link #images} for that.
   *
   * <p>Implements: {@code int rbd_mirror_image_global_status_list(rados_ioctx_t io_ctx, const char
   * *start_id, size_t max, char **image_ids, rbd_mirror_image_global_status_t *images, size_t
   * *len)}, with {@code void rbd_mirror_image_global_status_list_cleanup(char **image_ids,
   * rbd_mirror_image_global_status_t *images, size_t len)}
   *
   * @return the ids of the images with their status
   */
  public Stream<Map.Entry<String, ImageMirrorStatus>> imageStatuses() {
    return Pages.stream(this::statusPage);
  }

  private SequencedMap<String, ImageMirrorStatus> statusPage(String after) {
    return page(
        "list the mirror status of the images of",
        after,
        rbd_mirror_image_global_status_t.layout().byteSize(),
        (pool, start, ids, statuses, length) ->
            rbd_mirror_image_global_status_list(pool, start, Pages.SIZE, ids, statuses, length),
        (status, index) -> ImageMirrorStatus.read(status),
        (ids, statuses, count) ->
            rbd_mirror_image_global_status_list_cleanup(ids, statuses, count));
  }

  /**
   * All mirrored images. The stream reads page after page as it is consumed.
   *
   * @return the ids of the images with what is known about them
   */
  public Stream<Map.Entry<String, MirroredImage>> images() {
    return Pages.stream(after -> infoPage(null, after));
  }

  /**
   * The images that are mirrored in one way. The stream reads page after page as it is consumed.
   *
   * <p>Implements: {@code int rbd_mirror_image_info_list(rados_ioctx_t io_ctx,
   * rbd_mirror_image_mode_t *mode_filter, const char *start_id, size_t max, char **image_ids,
   * rbd_mirror_image_mode_t *mode_entries, rbd_mirror_image_info_t *info_entries, size_t
   * *num_entries)}, with {@code void rbd_mirror_image_info_list_cleanup(char **image_ids,
   * rbd_mirror_image_info_t *info_entries, size_t num_entries)}
   *
   * @param mode how they are mirrored
   * @return the ids of the images with what is known about them
   */
  public Stream<Map.Entry<String, MirroredImage>> images(ImageMirrorMode mode) {
    requireKnown(Objects.requireNonNull(mode, "mode") != ImageMirrorMode.UNKNOWN, "mode");
    return Pages.stream(after -> infoPage(mode, after));
  }

  private SequencedMap<String, MirroredImage> infoPage(
      @Nullable ImageMirrorMode mode, String after) {
    try (Arena outer = Arena.ofConfined()) {
      MemorySegment filter =
          mode == null
              ? MemorySegment.NULL
              : outer.allocateFrom(ValueLayout.JAVA_INT, mode.value());
      MemorySegment modes = outer.allocate(ValueLayout.JAVA_INT, Pages.SIZE);
      return page(
          "list the mirrored images of",
          after,
          rbd_mirror_image_info_t.layout().byteSize(),
          (pool, start, ids, infos, length) ->
              rbd_mirror_image_info_list(
                  pool, filter, start, Pages.SIZE, ids, modes, infos, length),
          (info, index) -> MirroredImage.read(modes.getAtIndex(ValueLayout.JAVA_INT, index), info),
          (ids, infos, count) -> rbd_mirror_image_info_list_cleanup(ids, infos, count));
    }
  }

  /**
   * Which instance of the daemon mirrors which image. The stream reads page after page as it is
   * consumed.
   *
   * <p>Implements: {@code int rbd_mirror_image_instance_id_list(rados_ioctx_t io_ctx, const char
   * *start_id, size_t max, char **image_ids, char **instance_ids, size_t *len)}, with {@code void
   * rbd_mirror_image_instance_id_list_cleanup(char **image_ids, char **instance_ids, size_t len)}
   *
   * @return the ids of the images with the ids of the instances
   */
  public Stream<Map.Entry<String, String>> instanceIds() {
    return Pages.stream(this::instancePage);
  }

  private SequencedMap<String, String> instancePage(String after) {
    return page(
        "list the mirror instances of the images of",
        after,
        ValueLayout.ADDRESS.byteSize(),
        (pool, start, ids, instances, length) ->
            rbd_mirror_image_instance_id_list(pool, start, Pages.SIZE, ids, instances, length),
        (pointer, index) -> NativeStrings.read(pointer.get(ValueLayout.ADDRESS, 0)),
        (ids, instances, count) ->
            rbd_mirror_image_instance_id_list_cleanup(ids, instances, count));
  }

  @FunctionalInterface
  private interface PageCall {
    int fill(
        MemorySegment pool,
        MemorySegment start,
        MemorySegment ids,
        MemorySegment values,
        MemorySegment length);
  }

  @FunctionalInterface
  private interface PageCleanup {
    void of(MemorySegment ids, MemorySegment values, long count);
  }

  @FunctionalInterface
  private interface PageElement<T> {
    T read(MemorySegment value, long index);
  }

  /** Reads one page of at most {@link Pages#SIZE} entries. */
  private <T> SequencedMap<String, T> page(
      String verb,
      String after,
      long valueSize,
      PageCall call,
      PageElement<T> element,
      PageCleanup cleanup) {
    return handle.use(
        (pool, arena) -> {
          MemorySegment ids = arena.allocate(ValueLayout.ADDRESS, Pages.SIZE);
          MemorySegment values = arena.allocate(valueSize * Pages.SIZE, 8);
          MemorySegment length = arena.allocate(ValueLayout.JAVA_LONG);
          length.set(ValueLayout.JAVA_LONG, 0, Pages.SIZE);
          Failures.check(
              call.fill(pool, NativeStrings.copy(arena, after), ids, values, length),
              handle.operation(verb));
          long count = Math.clamp(length.get(ValueLayout.JAVA_LONG, 0), 0, Pages.SIZE);
          try {
            SequencedMap<String, T> page = new LinkedHashMap<>();
            for (long i = 0; i < count; i++) {
              page.put(
                  NativeStrings.read(ids.getAtIndex(ValueLayout.ADDRESS, i)),
                  element.read(values.asSlice(i * valueSize, valueSize), i));
            }
            return page;
          } finally {
            cleanup.of(ids, values, count);
          }
        });
  }

  @FunctionalInterface
  private interface StringCall {
    int on(MemorySegment pool, SizedBuffer buffer);
  }

  private String string(Operation operation, StringCall call) {
    return handle.use(
        (pool, arena) ->
            SizedBuffer.fetchString(operation, Sizing.SIZE_POINTER, b -> call.on(pool, b)));
  }

  private static void requireKnown(boolean known, String what) {
    if (!known) {
      throw new IllegalArgumentException("the " + what + " is unknown");
    }
  }

  @Override
  public String toString() {
    return "mirroring of " + io;
  }
}
