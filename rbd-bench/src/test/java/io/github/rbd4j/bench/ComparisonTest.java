package io.github.rbd4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final Comparison THREE =
      new Comparison(new double[] {2, 30, 9}, new double[] {1, 10, 10});

  @Test
  void ratiosAreThoseOfPairs() {
    assertThat(THREE.ratios()).containsExactly(2, 3, 0.9);
    assertThat(THREE.ratio()).as("not the ratio of the medians, 0.9").isEqualTo(2);
    assertThat(THREE.difference()).isEqualTo(1);
    assertThat(THREE.rbd4j()).isEqualTo(9);
    assertThat(THREE.peer()).isEqualTo(10);
  }

  @Test
  void spreadIsTheDistanceOfTheQuartiles() {
    assertThat(THREE.spread()).isCloseTo(2.5 - 1.45, within(1e-9));
  }

  @Test
  void nothingIsAsMuchAsNothing() {
    assertThat(new Comparison(new double[] {0}, new double[] {0}).ratio()).isEqualTo(1);
    assertThat(new Comparison(new double[] {3}, new double[] {0}).ratio()).isInfinite();
  }

  @Test
  void onlyPairsAreCompared() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Comparison(new double[2], new double[1]));
  }

  @Test
  void medianAndQuantiles() {
    assertThat(Statistics.median(new double[] {5, 1, 3})).isEqualTo(3);
    assertThat(Statistics.median(new double[] {4, 1, 3, 2})).isEqualTo(2.5);
    assertThat(Statistics.quantile(new double[] {4, 1, 3, 2, 5}, 0.25)).isEqualTo(2);
    assertThat(Statistics.quantile(new double[] {7}, 0.75)).isEqualTo(7);
    assertThatIllegalArgumentException().isThrownBy(() -> Statistics.median(new double[0]));
  }

  @Test
  void barsHoldAtTheirLimit() {
    Comparison comparison = new Comparison(new double[] {3}, new double[] {2});

    assertThat(Bar.ratioAtLeast(1.5).isMet()).accepts(comparison);
    assertThat(Bar.ratioAtLeast(1.51).isMet()).rejects(comparison);
    assertThat(Bar.ratioAtMost(1.5).isMet()).accepts(comparison);
    assertThat(Bar.ratioAtMost(1.49).isMet()).rejects(comparison);
    assertThat(Bar.atMostMore(1).isMet()).accepts(comparison);
    assertThat(Bar.atMostMore(0.9).isMet()).rejects(comparison);
    assertThat(Bar.atMost(3).isMet()).accepts(comparison);
    assertThat(Bar.atMost(2).isMet()).rejects(comparison);
    assertThat(Bar.none().isMet()).isNull();
  }
}
