package io.github.rbd4j;

import java.util.List;

/** Whom a snapshot belongs to, with the details of that. */
public sealed interface SnapshotNamespace {
  /**
   * The kind.
   *
   * @return the constant for it
   */
  SnapshotNamespaceType type();

  /** To the user who took it. */
  record User() implements SnapshotNamespace {
    @Override
    public SnapshotNamespaceType type() {
      return SnapshotNamespaceType.USER;
    }
  }

  /**
   * To a snapshot of a group.
   *
   * @param groupPoolId the number of the pool of the group
   * @param groupName the name of the group
   * @param groupSnapshotName the name of the snapshot of the group
   */
  record Group(long groupPoolId, String groupName, String groupSnapshotName)
      implements SnapshotNamespace {
    @Override
    public SnapshotNamespaceType type() {
      return SnapshotNamespaceType.GROUP;
    }
  }

  /**
   * To the trash.
   *
   * @param originalName its name before
   * @param originalType whom it belonged to; always the user with librbd older than Ceph 20
   * @param originalTypeValue the number of that, also when this version of rbd4j does not know it
   */
  record Trash(String originalName, SnapshotNamespaceType originalType, int originalTypeValue)
      implements SnapshotNamespace {
    @Override
    public SnapshotNamespaceType type() {
      return SnapshotNamespaceType.TRASH;
    }
  }

  /**
   * To mirroring.
   *
   * @param state what it is for
   * @param stateValue the number of that, also when this version of rbd4j does not know it
   * @param complete whether all data of it is there
   * @param mirrorPeerUuids the peers that have not got it yet
   * @param primaryMirrorUuid the site with the snapshot that it is a copy of, empty on the primary
   * @param primarySnapshotId the id of the snapshot that it is a copy of, -2 on the primary
   * @param lastCopiedObjectNumber how many objects of it are copied
   */
  record Mirror(
      MirrorSnapshotState state,
      int stateValue,
      boolean complete,
      List<String> mirrorPeerUuids,
      String primaryMirrorUuid,
      long primarySnapshotId,
      long lastCopiedObjectNumber)
      implements SnapshotNamespace {
    @Override
    public SnapshotNamespaceType type() {
      return SnapshotNamespaceType.MIRROR;
    }
  }

  /**
   * To something that this version of rbd4j does not know.
   *
   * @param typeValue the number of librbd
   */
  record Unknown(int typeValue) implements SnapshotNamespace {
    @Override
    public SnapshotNamespaceType type() {
      return SnapshotNamespaceType.UNKNOWN;
    }
  }
}
