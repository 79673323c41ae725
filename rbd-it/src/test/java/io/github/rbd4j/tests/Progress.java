package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.ProgressListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/** Notes what a progress listener is told. */
final class Progress implements ProgressListener {
  private record Step(long done, long total) {}

  private final List<Step> steps = new ArrayList<>();

  /** A listener that cancels the operation at its first step. */
  static ProgressListener cancelling() {
    return (done, total) -> {
      throw new CancellationException("cancelled at " + done);
    };
  }

  @Override
  public synchronized void onProgress(long done, long total) {
    steps.add(new Step(done, total));
  }

  /** Checks that there was progress, of one part of the operation or more. */
  synchronized void assertSaidSomething() {
    assertThat(steps).isNotEmpty();
    assertThat(steps).allSatisfy(s -> assertThat(s.done()).isBetween(0L, s.total()));
  }

  /** Checks that there was progress, always forwards, and within one total. */
  synchronized void assertWent() {
    assertThat(steps).isNotEmpty();
    assertThat(steps).extracting(Step::total).containsOnly(steps.getFirst().total());
    assertThat(steps).extracting(Step::done).isSorted();
    assertThat(steps).allSatisfy(s -> assertThat(s.done()).isBetween(0L, s.total()));
  }
}
