package io.github.rbd4j.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A list in pages reads a page when its first entry is asked for, and not before. */
class PagesTest {
  private final List<String> reads = new ArrayList<>();

  private Stream<Map.Entry<String, Integer>> stream(int count) {
    TreeMap<String, Integer> all = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      all.put("id-%04d".formatted(i), i);
    }
    return Pages.stream(
        after -> {
          reads.add(after);
          SequencedMap<String, Integer> page = new LinkedHashMap<>();
          all.tailMap(after, false).entrySet().stream()
              .limit(Pages.SIZE)
              .forEach(entry -> page.put(entry.getKey(), entry.getValue()));
          return page;
        });
  }

  @Test
  void nothingIsReadBeforeItIsAskedFor() {
    try (Stream<Map.Entry<String, Integer>> entries = stream(270)) {
      assertThat(reads).isEmpty();
      assertThat(entries.findFirst().orElseThrow().getValue()).isZero();
    }
    assertThat(reads).containsExactly("");
  }

  @ParameterizedTest
  @CsvSource({"127, 1", "128, 1", "129, 2", "256, 2", "257, 3"})
  void onlyThePagesThatAreConsumedAreRead(int taken, int pages) {
    assertThat(stream(270).limit(taken)).hasSize(taken);
    assertThat(reads).hasSize(pages);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "127, 1", "128, 2", "129, 2", "256, 3", "270, 3"})
  void aPageThatIsNotFullIsTheLast(int count, int pages) {
    assertThat(stream(count).map(Map.Entry::getValue).toList())
        .hasSize(count)
        .doesNotHaveDuplicates()
        .isSorted();
    assertThat(reads).hasSize(pages);
  }

  @Test
  void aPageThatRepeatsTheOneBeforeIsTheEnd() {
    SequencedMap<String, Integer> page = new LinkedHashMap<>();
    for (int i = 0; i < Pages.SIZE; i++) {
      page.put("id-" + i, i);
    }
    assertThat(Pages.stream(_ -> page)).hasSize(2 * (int) Pages.SIZE);
  }
}
