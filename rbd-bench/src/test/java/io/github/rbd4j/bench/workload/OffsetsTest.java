package io.github.rbd4j.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class OffsetsTest {
  private static final int BLOCKS = 65_536;

  @Test
  void threadsWithTheirOwnSeedsReadElsewhere() {
    long places =
        LongStream.rangeClosed(1, 1000)
            .mapToObj(seed -> new Offsets(BLOCKS, 4096, false, seed))
            .flatMapToLong(offsets -> LongStream.generate(offsets::next).limit(20))
            .distinct()
            .count();

    // 20,000 random numbers of 65,536 are 17,200 different ones.
    assertThat(places).isBetween(17_000L, 17_400L);
  }

  @Test
  void inOrderOrAtRandomWithinTheImage() {
    assertThat(LongStream.generate(new Offsets(3, 10, true)::next).limit(5).toArray())
        .containsExactly(0, 10, 20, 0, 10);
    assertThat(LongStream.generate(new Offsets(3, 10, false)::next).limit(99).toArray())
        .containsOnly(0, 10, 20);
  }
}
