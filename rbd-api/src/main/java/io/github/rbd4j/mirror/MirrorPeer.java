package io.github.rbd4j.mirror;

import java.time.Instant;

/**
 * A cluster with which a pool is mirrored.
 *
 * @param uuid the id of the peer
 * @param direction which way it is used
 * @param directionValue the number of that, also when this version of rbd4j does not know it
 * @param siteName the name of its site
 * @param mirrorUuid the id of its pool in mirroring, empty until its daemon was seen
 * @param clientName the user that is used to reach it
 * @param lastSeen when its daemon was last seen; the epoch if never, and always with librbd of Ceph
 *     16
 */
public record MirrorPeer(
    String uuid,
    MirrorPeerDirection direction,
    int directionValue,
    String siteName,
    String mirrorUuid,
    String clientName,
    Instant lastSeen) {}
