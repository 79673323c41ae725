package io.github.rbd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.concurrent.Semaphore;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Extents reach the consumer as soon as it waits for them, in order, and then what went wrong. */
@Timeout(60)
class DiffStreamTest {
  @Test
  void anExtentIsThereBeforeTheNextIsFound() {
    Semaphore consumed = new Semaphore(1);
    DiffStream.Source source =
        visitor -> {
          for (int i = 0; i < 3000; i++) {
            consumed.acquireUninterruptibly();
            visitor.visit(i, 1, i % 2 == 0);
          }
        };
    try (Stream<DiffExtent> extents = DiffStream.of(() -> {}, source)) {
      long expected = 0;
      for (Iterator<DiffExtent> all = extents.iterator(); all.hasNext(); consumed.release()) {
        assertThat(all.next()).isEqualTo(new DiffExtent(expected, 1, expected % 2 == 0));
        expected++;
      }
      assertThat(expected).isEqualTo(3000);
    }
  }

  @Test
  void allExtentsComeInOrder() {
    for (int count : new int[] {0, 1, 1023, 1024, 1025, 5000}) {
      DiffStream.Source source =
          visitor -> LongStream.range(0, count).forEach(i -> visitor.visit(i, 1, true));
      try (Stream<DiffExtent> extents = DiffStream.of(() -> {}, source)) {
        assertThat(extents.map(DiffExtent::offset).toList())
            .containsExactlyElementsOf(LongStream.range(0, count).boxed().toList());
      }
    }
  }

  @Test
  void whatTheIterationThrowsComesBehindTheExtents() {
    DiffStream.Source source =
        visitor -> {
          visitor.visit(7, 1, true);
          throw new IllegalStateException("the end");
        };
    try (Stream<DiffExtent> extents = DiffStream.of(() -> {}, source)) {
      Iterator<DiffExtent> all = extents.iterator();
      assertThat(all.next().offset()).isEqualTo(7);
      assertThatThrownBy(all::hasNext).hasMessage("the end");
    }
  }
}
