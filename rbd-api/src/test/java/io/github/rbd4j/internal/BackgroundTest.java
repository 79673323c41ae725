package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tasks on executors that fail. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackgroundTest {
  private enum Failing implements Executor {
    REFUSING {
      @Override
      public void execute(Runnable task) {
        throw new RejectedExecutionException("shut down");
      }
    },
    WITHOUT_THREADS {
      @Override
      public void execute(Runnable task) {
        throw new OutOfMemoryError("pretended: unable to create native thread");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Failing.class)
  void aFutureIsCompletedWhateverBecomesOfTheExecutor(Failing executor) throws Exception {
    assertThat(Background.call(executor, () -> "value").get(30, TimeUnit.SECONDS))
        .isEqualTo("value");
    CompletableFuture<String> failing =
        Background.call(
            executor,
            () -> {
              throw new IllegalStateException("x");
            });
    assertThatThrownBy(() -> failing.get(30, TimeUnit.SECONDS))
        .hasCauseExactlyInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @EnumSource(Failing.class)
  void anUnwantedResultIsReleasedWhateverBecomesOfTheExecutor(Failing executor) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    CompletableFuture<String> released = new CompletableFuture<>();
    CompletableFuture<String> future =
        Background.call(
            executor,
            () -> {
              begun.countDown();
              awaitQuietly(cancelled);
              return "value";
            },
            released::complete);
    awaitQuietly(begun);
    future.cancel(false);
    cancelled.countDown();
    assertThat(released.get(30, TimeUnit.SECONDS)).isEqualTo("value");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(Failing.class)
  void serialTasksRunWhateverBecomesOfTheExecutor(Failing executor) throws Exception {
    SerialTasks tasks = new SerialTasks(executor);
    List<Integer> ran = new CopyOnWriteArrayList<>();
    CountDownLatch done = new CountDownLatch(3);
    for (int i = 0; i < 3; i++) {
      int number = i;
      tasks.executeAnyhow(
          () -> {
            ran.add(number);
            done.countDown();
          });
    }
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(ran).containsExactly(0, 1, 2);
  }

  @Test
  void aTaskThatFailsOnTheCallerRunsOnce() {
    AtomicInteger ran = new AtomicInteger();
    assertThatThrownBy(
            () ->
                Background.executeAnyhow(
                    Runnable::run,
                    () -> {
                      ran.incrementAndGet();
                      throw new IllegalStateException("x");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(ran).hasValue(1);
  }

  /** A pool can have queued the task before it fails to start a thread for it. */
  @Test
  void aTaskThatWasTakenAfterAllRunsOnce() throws Exception {
    AtomicInteger ran = new AtomicInteger();
    CompletableFuture<Runnable> taken = new CompletableFuture<>();
    CountDownLatch done = new CountDownLatch(1);
    Background.executeAnyhow(
        task -> {
          taken.complete(task);
          throw new OutOfMemoryError("pretended");
        },
        () -> {
          ran.incrementAndGet();
          done.countDown();
        });
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    taken.get().run();
    assertThat(ran).hasValue(1);
  }
}
