package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** What the annotation gives to the tests of a user, run as JUnit runs them. */
@CephTest
class CephExtensionIT {
  /** What the tests that this test runs have seen, in order. */
  private static final List<String> SEEN = new ArrayList<>();

  private final Cluster cluster;
  private final String conf;
  private final Map<String, String> here;

  CephExtensionIT(CephCluster ceph, Cluster cluster) {
    this.cluster = cluster;
    conf = ceph.conf().toString();
    here = Map.of("rbd4j.it.cluster", conf, "rbd4j.it.pool", "");
    SEEN.clear();
  }

  private static TestExecutionSummary run(Class<?> tests, Map<String, String> parameters) {
    return run(List.of(tests), parameters);
  }

  private static TestExecutionSummary run(List<Class<?>> tests, Map<String, String> parameters) {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(tests.stream().map(DiscoverySelectors::selectClass).toList())
            .configurationParameters(parameters)
            .build();
    LauncherFactory.create().execute(request, listener);
    return listener.getSummary();
  }

  private static void assertPassed(TestExecutionSummary summary, int tests) {
    assertThat(summary.getFailures())
        .extracting(TestExecutionSummary.Failure::getException)
        .isEmpty();
    assertThat(summary.getTestsSucceededCount()).isEqualTo(tests);
  }

  private static Throwable root(Throwable failure) {
    return failure.getCause() == null ? failure : root(failure.getCause());
  }

  private static Throwable failure(TestExecutionSummary summary) {
    assertThat(summary.getFailures()).hasSize(1);
    return summary.getFailures().getFirst().getException();
  }

  @CephTest
  static class OnePool {
    private final IoContext io;

    OnePool(IoContext io) {
      this.io = io;
    }

    @BeforeAll
    static void before(IoContext io) {
      SEEN.add(io.poolName());
      new Rbd(io).create("vm", 1 << 20);
    }

    @Test
    void first(Rbd rbd) {
      SEEN.add(rbd.ioContext().poolName());
      assertThat(rbd.list()).extracting(image -> image.name()).containsExactly("vm");
      rbd.open("vm"); // never closed: the pool goes all the same
    }

    @Test
    void second() {
      SEEN.add(io.poolName());
    }

    @Nested
    class Inner {
      @Test
      void third(IoContext inner) {
        SEEN.add(inner.poolName());
      }
    }
  }

  @Test
  void aClassAndTheClassesInItShareAFreshPoolThatGoesAfterwards() {
    List<String> before = cluster.pools();
    assertPassed(run(OnePool.class, here), 3);
    assertThat(SEEN).hasSize(4);
    assertThat(new HashSet<>(SEEN)).hasSize(1).doesNotContainAnyElementsOf(before);
    assertThat(cluster.pools()).containsExactlyInAnyOrderElementsOf(before);
  }

  @CephTest(pool = CephTest.Pool.PER_METHOD)
  static class PoolForEach {
    private final IoContext io;

    PoolForEach(IoContext io) {
      this.io = io;
    }

    @BeforeEach
    void before(Rbd rbd) {
      assertThat(rbd.ioContext()).isSameAs(io);
      assertThat(rbd.list()).isEmpty();
      rbd.create("vm", 1 << 20);
    }

    @AfterEach
    void after(IoContext after) {
      assertThat(after).isSameAs(io);
    }

    @Test
    void test(IoContext test) {
      assertThat(test).isSameAs(io);
      SEEN.add(test.poolName());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void parameters(int ignored, Cluster same) {
      assertThat(ignored).isPositive();
      assertThat(same.pools()).contains(io.poolName());
      SEEN.add(io.poolName());
    }
  }

  @Test
  void eachMethodCanHaveAPoolOfItsOwn() {
    List<String> before = cluster.pools();
    assertPassed(run(PoolForEach.class, here), 3);
    Set<String> pools = new HashSet<>(SEEN);
    assertThat(pools).hasSize(3).doesNotContainAnyElementsOf(before);
    assertThat(cluster.pools()).containsExactlyInAnyOrderElementsOf(before);
  }

  @CephTest(pool = CephTest.Pool.PER_METHOD)
  static class TooEarly {
    @BeforeAll
    static void before(IoContext io) {
      SEEN.add(io.poolName());
    }

    @Test
    void never() {
      SEEN.add("test");
    }
  }

  @Test
  void beforeAllTestsThereIsNoPoolForOne() {
    assertThat(failure(run(TooEarly.class, here)))
        .hasMessageContaining("there is none outside of them");
    assertThat(SEEN).isEmpty();
  }

  @CephTest
  static class NamedPool {
    @Test
    void test(IoContext io) {
      SEEN.add(io.poolName());
    }
  }

  @Test
  void aNamedPoolIsUsedAndStays() {
    try (SecondPool pool = new SecondPool(cluster)) {
      assertPassed(
          run(NamedPool.class, Map.of("rbd4j.it.cluster", conf, "rbd4j.it.pool", pool.name())), 1);
      assertThat(SEEN).containsExactly(pool.name());
      assertThat(cluster.pools()).contains(pool.name());
    }
  }

  @Test
  void whatIsNeitherAKindOfClusterNorAFileIsRefused() {
    assertThat(failure(run(NamedPool.class, Map.of("rbd4j.it.cluster", "docker"))))
        .hasStackTraceContaining("local, container or a configuration file");
  }

  /** It can take minutes until one is given up. */
  @Test
  void aClusterThatCannotBeStartedIsNotTriedAgain() {
    List<Throwable> failures =
        run(
                List.of(NamedPool.class, OwnCluster.class),
                Map.of("rbd4j.it.cluster", conf + ".missing"))
            .getFailures()
            .stream()
            .map(failure -> root(failure.getException()))
            .toList();
    assertThat(failures).hasSize(2);
    assertThat(failures.getFirst()).isSameAs(failures.getLast());
  }

  @CephTest
  static class OwnCluster {
    @Test
    void test(CephCluster ceph) {
      assertThat(ceph.ceph("health")).startsWith("HEALTH_OK");
      SEEN.add(ceph.conf().toString());
    }
  }

  @Test
  @Tag(Tags.LOCAL_DAEMONS)
  void aClusterOfLocalDaemonsIsStartedAndEnded() {
    assertPassed(run(OwnCluster.class, Map.of("rbd4j.it.cluster", "local")), 1);
    assertThat(SEEN).singleElement().isNotEqualTo(conf);
    assertThat(Files.exists(Path.of(SEEN.getFirst()))).isFalse();
  }
}
