package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.DiffExtent;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopiedSnapshotsTest {
  @ParameterizedTest
  @CsvSource({
    "0-10, '', 0-10",
    "0-10, 0-10, ''",
    "0-10, 2-4 6-7, 0-2 4-6 7-10",
    "0-10 20-30, 5-25, 0-5 25-30",
    "0-4 4-8, 0-8, ''",
    "2-4, 0-3, 3-4",
    "2-4, 3-9, 2-3",
    "2-4 6-8, 0-1 9-12, 2-4 6-8",
    "0-10, 0-6 2-4, 6-10",
  })
  void whatIsNotCovered(String extents, String others, String left) {
    assertThat(CopiedSnapshots.without(of(extents), of(others))).isEqualTo(of(left));
  }

  private static List<DiffExtent> of(String extents) {
    return Arrays.stream(extents.split(" "))
        .filter(extent -> !extent.isEmpty())
        .map(extent -> extent.split("-"))
        .map(ends -> new long[] {Long.parseLong(ends[0]), Long.parseLong(ends[1])})
        .map(ends -> new DiffExtent(ends[0], ends[1] - ends[0], true))
        .toList();
  }
}
