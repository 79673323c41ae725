package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.Image;
import io.github.rbd4j.OperationTimeoutException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Subject;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.tests.Snippets.Snippet;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Snippets that are whole classes do what the text around them says. */
@CephTest
class DocumentedClassesIT {
  @TempDir private Path folder;

  private static Snippet snippet(String type) {
    return Snippets.all().stream()
        .filter(snippet -> snippet.text().contains("class " + type + " {"))
        .findFirst()
        .orElseThrow();
  }

  private Class<?> load(String type) throws Exception {
    assertThat(Snippets.compile(snippet(type), folder)).isEmpty();
    URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()});
    return loader.loadClass(type);
  }

  @Test
  void theRetryRepeatsWhatTimedOutAndGivesUp() throws Exception {
    Method retry = load("Retry").getDeclaredMethod("retry", int.class, Callable.class);
    retry.setAccessible(true);
    int[] calls = {0};
    Callable<String> call =
        () -> {
          if (++calls[0] < 3) {
            throw Failures.toException(
                Errno.ETIMEDOUT.result(), new Operation("read", Subject.IMAGE, "rbd/vm"), null);
          }
          return "done";
        };
    assertThat(retry.invoke(null, 3, call)).isEqualTo("done");
    calls[0] = 0;
    assertThatThrownBy(() -> retry.invoke(null, 2, call))
        .isInstanceOf(InvocationTargetException.class)
        .hasCauseInstanceOf(OperationTimeoutException.class);
    assertThat(calls[0]).isEqualTo(2);
  }

  @Test
  void theProgramNamesTheImagesOfARecording(Rbd rbd) throws Exception {
    Path recorded = folder.resolve("rbd4j.jfr");
    String name = Names.unique("slow");
    rbd.create(name, 1 << 20);
    Configuration all = Configuration.create(Snippets.ROOT.resolve("docs/rbd4j.jfc"));
    try (Recording recording = new Recording(all)) {
      recording.start();
      try (Image image = rbd.open(name)) {
        image.writeAt(0, new byte[512]);
        image.flush();
      }
      recording.stop();
      recording.dump(recorded);
    }
    rbd.remove(name);
    Path program =
        Files.writeString(folder.resolve("SlowImages.java"), snippet("SlowImages").text());
    ForkedJvm.Result result =
        ForkedJvm.start(
                Files.createDirectory(folder.resolve("jvm")),
                Map.of(),
                List.of(),
                program.toString(),
                recorded.toString())
            .end();
    assertThat(result.status()).as(result.errors()).isZero();
    assertThat(result.output())
        .contains(name + " Open", name + " Write", name + " Flush", name + " Close");
  }

  @Test
  void theTestWithTheAnnotationPasses(CephCluster ceph) throws Exception {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(load("DisksTest")))
                .configurationParameter("rbd4j.it.cluster", ceph.conf().toString())
                .configurationParameter("rbd4j.it.pool", "")
                .build(),
            listener);
    assertThat(listener.getSummary().getFailures()).isEmpty();
    assertThat(listener.getSummary().getTestsSucceededCount()).isEqualTo(1);
  }
}
