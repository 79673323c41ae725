package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.tests.Snippets.Snippet;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The snippets that are marked so run. Those of a page run one after the other in a pool of their
 * own; {@code image} is an empty one of 64 MiB, new for each of them, and the configuration files
 * that they name are those of this cluster.
 */
@CephTest
class DocumentationIT {
  private static final String IMAGE = "image";
  private static final Pattern CONF = Pattern.compile("/etc/ceph/\\w+\\.conf");

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> everyRunnableSnippetRuns(CephCluster ceph, Cluster cluster) {
    Map<Path, List<Snippet>> pages =
        Snippets.all().stream()
            .filter(Snippet::runs)
            .map(snippet -> snippet.with(CONF, ceph.conf().toString()))
            .collect(Collectors.groupingBy(Snippet::file, LinkedHashMap::new, Collectors.toList()));
    assertThat(pages).isNotEmpty();
    return pages.entrySet().stream()
        .map(
            page ->
                DynamicTest.dynamicTest(
                    page.getKey().toString(), () -> runPage(cluster, page.getValue())));
  }

  private void runPage(Cluster cluster, List<Snippet> snippets) throws Exception {
    try (SecondPool pool = new SecondPool(cluster)) {
      for (Snippet snippet : snippets) {
        assertThat(snippet.isFile()).as(snippet.place() + " runs, so it is statements").isFalse();
        pool.rbd().create(IMAGE, 64 << 20);
        try (Image image = pool.rbd().open(IMAGE)) {
          run(cluster, pool, image, snippet);
        }
        pool.rbd().remove(IMAGE);
      }
    }
  }

  private void run(Cluster cluster, SecondPool pool, Image image, Snippet snippet)
      throws IOException, ReflectiveOperationException {
    Path classes = Files.createTempDirectory(folder, "snippet");
    assertThat(Snippets.compile(snippet, classes)).as(snippet.place()).isEmpty();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      Class<?> type = loader.loadClass("Snippet");
      Object instance = type.getConstructor().newInstance();
      type.getField("cluster").set(instance, cluster);
      type.getField("io").set(instance, pool.io());
      type.getField("rbd").set(instance, pool.rbd());
      type.getField("image").set(instance, image);
      type.getMethod("run").invoke(instance);
    } catch (InvocationTargetException e) {
      throw new AssertionError(snippet.place() + " failed", e.getCause());
    }
  }
}
