package io.github.rbd4j.group;

import java.util.List;

/**
 * A snapshot of a group. With librbd older than Ceph 20 only its name and state are known; the
 * texts are empty then, and so is the list.
 *
 * @param id its id
 * @param name its name
 * @param imageSnapshotName the name of the snapshots of the images
 * @param state how complete it is
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 * @param members the snapshots of the images
 */
public record GroupSnapshot(
    String id,
    String name,
    String imageSnapshotName,
    GroupSnapshotState state,
    int stateValue,
    List<Member> members) {

  /**
   * The snapshot of an image of the group.
   *
   * @param imageName the name of the image
   * @param poolId the number of its pool
   * @param snapshotId the id of its snapshot
   */
  public record Member(String imageName, long poolId, long snapshotId) {}
}
