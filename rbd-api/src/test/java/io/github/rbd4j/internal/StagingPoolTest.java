package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.OperationTimeoutException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Staging memory is bounded, and a chunk belongs to one at a time. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StagingPoolTest {

  private static final Operation COPY = new Operation("copy through", Subject.CLUSTER, "ceph");

  @Test
  void aTransferGetsAPoolWhoseChunksSuitIt() {
    StagingMemory memory = new StagingMemory(COPY);
    assertThat(memory.forTransfer(0).chunkSize()).isEqualTo(64 << 10);
    assertThat(memory.forTransfer(64 << 10).chunkSize()).isEqualTo(64 << 10);
    assertThat(memory.forTransfer((64 << 10) + 1).chunkSize()).isEqualTo(4 << 20);
    assertThat(memory.forTransfer(Long.MAX_VALUE).chunkSize()).isEqualTo(4 << 20);
    assertThat(StagingPool.forNumbers()).isNotSameAs(memory.forTransfer(8));
  }

  @Test
  void objectsShareTheMemoryOfTheirConnectionAndOfNoOther() {
    NativeHandle cluster = cluster();
    NativeHandle pool =
        new NativeHandle(cluster, Subject.POOL, "rbd", MemorySegment.ofAddress(2), _ -> 0);
    NativeHandle image =
        new NativeHandle(pool, Subject.IMAGE, "rbd/vm", MemorySegment.ofAddress(3), _ -> 0);
    assertThat(image.staging()).isSameAs(cluster.staging());
    assertThat(image.staging()).isNotSameAs(cluster().staging());
  }

  private static NativeHandle cluster() {
    return new NativeHandle(null, Subject.CLUSTER, "ceph", MemorySegment.ofAddress(1), _ -> 0);
  }

  @Test
  void whoWaitsForTooLongFails() {
    NativeHandle cluster = cluster();
    cluster.staging().limit(Duration.ofMillis(50));
    for (long bytes : new long[] {1, 1 << 20}) {
      StagingPool pool = cluster.staging().forTransfer(bytes);
      List<MemorySegment> all = new ArrayList<>();
      for (int i = 0; i < pool.chunks(); i++) {
        all.add(pool.take());
      }
      assertThatThrownBy(pool::take)
          .isInstanceOf(OperationTimeoutException.class)
          .hasMessageContaining("cluster ceph");
      all.forEach(pool::give);
      pool.give(pool.take());
    }
    cluster.close();
  }

  @Test
  void memoryInUseOutlivesTheConnection() {
    NativeHandle cluster = cluster();
    StagingPool pool = cluster.staging().forTransfer(1);
    MemorySegment chunk = pool.take();
    cluster.close();
    chunk.fill((byte) 1);
    pool.give(chunk);
    for (int i = 0; i < 2 * pool.chunks(); i++) { // as a read does that finds the image closed
      pool.give(pool.take());
    }
  }

  @Test
  void nobodyWaitsForNumbers() {
    StagingPool pool = StagingPool.forNumbers();
    for (int round = 0; round < 3; round++) {
      List<MemorySegment> chunks = new ArrayList<>();
      for (int i = 0; i < 3 * pool.chunks(); i++) {
        MemorySegment chunk = pool.take();
        assertThat(chunk.byteSize()).isEqualTo(64);
        chunk.fill((byte) i);
        assertThat(chunks).noneMatch(other -> other.asOverlappingSlice(chunk).isPresent());
        chunks.add(chunk);
      }
      chunks.forEach(pool::give);
    }
  }

  @Test
  void chunksAreDistinctAlignedAndReused() {
    StagingPool pool = new TransferPool(8192, 4, COPY);
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    for (int round = 0; round < 10; round++) {
      List<MemorySegment> chunks = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        MemorySegment chunk = pool.take();
        assertThat(chunk.byteSize()).isEqualTo(8192);
        assertThat(chunk.address() % 4096).isZero();
        assertThat(chunks).noneMatch(other -> other.asOverlappingSlice(chunk).isPresent());
        seen.add(chunk.address());
        chunks.add(chunk);
      }
      chunks.forEach(pool::give);
    }
    assertThat(seen).hasSize(4);
  }

  @Test
  void whoFindsNoChunkWaitsForOne() throws InterruptedException {
    StagingPool pool = new TransferPool(64, 2, COPY);
    MemorySegment first = pool.take();
    MemorySegment second = pool.take();
    List<MemorySegment> got = new CopyOnWriteArrayList<>();
    Thread waiting = Thread.ofVirtual().start(() -> got.add(pool.take()));
    waiting.interrupt();
    assertThat(waiting.join(Duration.ofMillis(100))).isFalse();
    pool.give(second);
    assertThat(waiting.join(Duration.ofSeconds(30))).isTrue();
    assertThat(got).containsExactly(second);
    pool.give(first);
    pool.give(second);
  }

  /**
   * More threads than chunks. Each marks its chunk and finds the mark again; and there are never
   * more chunks than promised, however takers and givers overtake each other.
   */
  @Test
  void manyThreadsShareAFewChunks() throws InterruptedException {
    StagingPool pool = new TransferPool(64, 4, COPY);
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    List<String> wrong = new CopyOnWriteArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      long mark = i + 1L;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      start.await();
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                    for (int n = 0; n < 50_000; n++) {
                      MemorySegment chunk = pool.take();
                      seen.add(chunk.address());
                      chunk.set(ValueLayout.JAVA_LONG, 0, mark);
                      chunk.set(ValueLayout.JAVA_LONG, 56, -mark);
                      Thread.onSpinWait();
                      if (chunk.get(ValueLayout.JAVA_LONG, 0) != mark
                          || chunk.get(ValueLayout.JAVA_LONG, 56) != -mark) {
                        wrong.add("two threads had the chunk " + chunk);
                      }
                      pool.give(chunk);
                    }
                  }));
    }
    start.countDown();
    for (Thread thread : threads) {
      assertThat(thread.join(Duration.ofSeconds(40))).as("%s ends", thread).isTrue();
    }
    assertThat(wrong).isEmpty();
    assertThat(seen).hasSizeLessThanOrEqualTo(4);
  }
}
