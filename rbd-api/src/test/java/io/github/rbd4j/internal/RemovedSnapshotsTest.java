package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RemovedSnapshotsTest {
  private static final String MAP =
      """
      {"pools":[{"pool":3,"removed_snaps":"[]"}],\
      "removed_snaps_queue":[{"pool":1,"snaps":[{"begin":7,"length":1}]},\
      {"pool":3,"snaps":[{"begin":2,"length":1},{"begin":5,"length":3},{"begin":9,"length":1}]}],\
      "new_removed_snaps":[{"pool":3,"snaps":[{"begin":40,"length":1}]}],\
      "new_purged_snaps":[{"pool":3,"snaps":[{"begin":50,"length":1}]}]}""";

  private static Set<Long> removing(String map, long pool, long oldest) {
    Set<Long> ids = new TreeSet<>();
    RemovedSnapshots.addRemoving(map, pool, oldest, ids);
    return ids;
  }

  @Test
  void idsOfThePoolThatAreNotOlderCount() {
    assertThat(removing(MAP, 3, 6)).containsExactly(6L, 7L, 9L);
    assertThat(removing(MAP, 3, 0)).containsExactly(2L, 5L, 6L, 7L, 9L);
    assertThat(removing(MAP, 1, 0)).containsExactly(7L);
    assertThat(removing(MAP, 13, 0)).isEmpty();
  }

  @Test
  void mapsThatSayNothingAreNoneThatCount() {
    assertThat(removing("", 3, 0)).isEmpty();
    assertThat(removing("{\"removed_snaps_queue\":[]}", 3, 0)).isEmpty();
    assertThat(removing("{\"removed_snaps_queue\":[{\"pool\":3,\"snaps\":[]}]}", 3, 0)).isEmpty();
  }

  @Test
  void rangesThatMakeNoSenseFillNoMemory() {
    String huge =
        "{\"removed_snaps_queue\":[{\"pool\":3,\"snaps\":[{\"begin\":1,\"length\":999999999}]}]}";
    assertThat(removing(huge, 3, 0)).hasSize(1 << 16);
  }
}
