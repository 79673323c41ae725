package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.bindings.librbd_h;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * How a JVM with rbd4j in it starts and ends. However it ends, it does not crash, and it leaves the
 * image without a watcher or lock: what a client leaves that did not close holds up the next one
 * for half a minute.
 */
@CephTest
class ForkedJvmIT {
  private static final String MAIN = ForkedMain.class.getName();
  private static final String ENABLED = "--enable-native-access=ALL-UNNAMED";
  private static final String MODULES_ENABLED =
      "--enable-native-access=io.github.rbd4j,io.github.rbd4j.bindings";

  private final CephCluster ceph;
  private final Rbd rbd;
  private final String name = Names.unique("forked");

  @TempDir private Path folder = Path.of("");
  private @Nullable String created;
  private Path java = ForkedJvm.OWN_HOME;

  ForkedJvmIT(CephCluster ceph, Rbd rbd) {
    this.ceph = ceph;
    this.rbd = rbd;
  }

  @BeforeEach
  void create() {
    rbd.create(name, 8 << 20);
    created = name;
  }

  @AfterEach
  void remove() {
    if (created != null) {
      rbd.remove(created);
    }
  }

  private ForkedJvm start(List<String> options, String... arguments) throws Exception {
    return start(Map.of(), options, arguments);
  }

  private ForkedJvm start(Map<String, String> variables, List<String> options, String... arguments)
      throws Exception {
    Map<String, String> environment =
        Stream.concat(
                variables.entrySet().stream(),
                Stream.of(Map.entry("CEPH_CONF", ceph.conf().toString())))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    List<String> command = new ArrayList<>(List.of(MAIN));
    command.addAll(List.of(arguments));
    Path own = Files.createDirectory(folder.resolve("jvm"));
    return ForkedJvm.start(java, own, environment, options, command.toArray(String[]::new));
  }

  private static List<String> enabledOnClassPath() {
    return with(ForkedJvm.onClassPath(), ENABLED);
  }

  private static List<String> with(List<String> options, String... more) {
    List<String> all = new ArrayList<>(options);
    all.addAll(List.of(more));
    return all;
  }

  private static List<String> onModulePath(String... more) throws URISyntaxException {
    List<String> path = new ArrayList<>();
    for (Class<?> part : List.of(Rbd.class, librbd_h.class, LoggerFactory.class, Nullable.class)) {
      path.add(location(part));
    }
    List<String> options =
        List.of(
            "--module-path",
            String.join(":", path),
            "--add-modules",
            "io.github.rbd4j",
            "-cp",
            location(ForkedMain.class));
    return with(options, more);
  }

  private static String location(Class<?> part) throws URISyntaxException {
    return Path.of(part.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  /** Another client has the image for itself at once. */
  private void assertClosedCleanly() {
    long start = System.nanoTime();
    try (Image image = rbd.open(name)) {
      byte[] written = new byte[3];
      image.readAt(0, written);
      image.writeAt(0, written);
      image.createSnapshot("after");
      image.snapshot("after").remove();
    }
    rbd.remove(name);
    created = null;
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  /** Without a hook at its end, such a process crashes more often than not: hence three times. */
  @RepeatedTest(3)
  void mainEndsWithEverythingOpen() throws Exception {
    ForkedJvm.Result result = start(enabledOnClassPath(), "end", name).end();
    assertThat(result).isEqualTo(new ForkedJvm.Result(0, "done\n", ""));
    assertClosedCleanly();
  }

  @RepeatedTest(3)
  void exitWhileThreadsDoInputAndOutput() throws Exception {
    ForkedJvm.Result result = start(enabledOnClassPath(), "exit", name).end();
    assertThat(result).isEqualTo(new ForkedJvm.Result(3, "done\n", ""));
    assertClosedCleanly();
  }

  @Test
  void mainThrows() throws Exception {
    ForkedJvm.Result result = start(enabledOnClassPath(), "throw", name).end();
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.errors()).contains("IllegalArgumentException: nobody catches this");
    assertClosedCleanly();
  }

  @RepeatedTest(2)
  void terminatedWhileThreadsDoInputAndOutput() throws Exception {
    ForkedJvm jvm = start(enabledOnClassPath(), "wait", name);
    jvm.awaitOutput("ready");
    jvm.terminate();
    ForkedJvm.Result result = jvm.end();
    assertThat(result).isEqualTo(new ForkedJvm.Result(128 + 15, "ready\n", ""));
    assertClosedCleanly();
  }

  /** A StackOverflowError between C and Java would end the JVM. */
  @Test
  void aCallbackAtTheEndOfTheStackIsNoCrash() throws Exception {
    for (String mode : List.of("-Xmixed", "-Xint")) {
      ForkedJvm.Result result = start(with(enabledOnClassPath(), mode), "overflow", name).end();
      assertThat(result).isEqualTo(new ForkedJvm.Result(0, "done\n", ""));
      forgetJvm();
    }
    assertClosedCleanly();
  }

  @Test
  void nobodyConnectsAnyMoreWhenTheJvmIsExiting() throws Exception {
    ForkedJvm.Result result = start(enabledOnClassPath(), "connect while exiting", name).end();
    assertThat(result.status()).isZero();
    assertThat(result.output()).startsWith("refused: ").contains("exiting");
    assertClosedCleanly();
  }

  @Test
  void nobodyConnectsForTheFirstTimeWhenTheJvmIsExiting() throws Exception {
    ForkedJvm.Result result =
        start(enabledOnClassPath(), "connect while exiting for the first time").end();
    assertThat(result.status()).isZero();
    assertThat(result.output()).startsWith("refused: ");
  }

  /** An empty file in the place of a library cannot be loaded, and nothing else is looked at. */
  @Test
  void aMissingLibraryNamesThePackagesThatHaveIt() throws Exception {
    for (String library : List.of("librbd.so.1", "librados.so.2")) {
      Path fakes = Files.createDirectory(folder.resolve(library));
      Files.createFile(fakes.resolve(library));
      Map<String, String> path = Map.of("LD_LIBRARY_PATH", fakes.toString());
      for (String what : List.of("versions", "end")) {
        ForkedJvm.Result result = start(path, enabledOnClassPath(), what, name).end();
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.errors())
            .contains("java.lang.UnsatisfiedLinkError: librbd.so.1 cannot be loaded")
            .contains("Debian, Ubuntu: apt install librbd1 librados2")
            .contains("Fedora, RHEL: dnf install librbd1 librados2")
            .contains("Alpine: apk add librbd19 librados19");
        forgetJvm();
      }
    }
  }

  /** Lets a test start one more JVM. */
  private void forgetJvm() throws Exception {
    Files.move(folder.resolve("jvm"), Files.createTempDirectory(folder, "done").resolve("jvm"));
  }

  /** Each Java that can run rbd4j. */
  private static Set<Path> jdks() throws IOException {
    return Jdks.homes();
  }

  @ParameterizedTest
  @MethodSource("jdks")
  void deniedNativeAccessNamesTheFlagThatGrantsIt(Path jdk) throws Exception {
    java = jdk;
    String deny = "--illegal-native-access=deny";
    ForkedJvm.Result result = start(with(ForkedJvm.onClassPath(), deny), "end", name).end();
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.errors())
        .contains("java.lang.IllegalCallerException: ")
        .containsPattern("run it with " + ENABLED + "\n");
    forgetJvm();

    result = start(onModulePath(deny), "end", name).end();
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.errors())
        .contains("java.lang.IllegalCallerException: ")
        .containsPattern("run it with " + MODULES_ENABLED + "\n");
    forgetJvm();

    // The message is right: with the flag it runs, on either path.
    result = start(with(ForkedJvm.onClassPath(), deny, ENABLED), "end", name).end();
    assertThat(result).isEqualTo(new ForkedJvm.Result(0, "done\n", ""));
    forgetJvm();
    result = start(onModulePath(deny, MODULES_ENABLED), "end", name).end();
    assertThat(result.output()).isEqualTo("done\n");
    assertClosedCleanly();
  }

  @ParameterizedTest
  @MethodSource("jdks")
  void grantedNativeAccessGivesNoWarning(Path jdk) throws Exception {
    java = jdk;
    ForkedJvm.Result result = start(enabledOnClassPath(), "end", name).end();
    assertThat(result).isEqualTo(new ForkedJvm.Result(0, "done\n", ""));
    forgetJvm();

    result = start(onModulePath(MODULES_ENABLED), "end", name).end();
    assertThat(result.status()).isZero();
    assertThat(result.output()).isEqualTo("done\n");
    // SLF4J complains that it has no provider there, which is the user's to choose.
    assertThat(result.errors().lines().filter(line -> !line.startsWith("SLF4J"))).isEmpty();
    assertClosedCleanly();
  }

  /** Without any flag Java 25 warns and goes on; a newer one may deny, which then is said. */
  @ParameterizedTest
  @MethodSource("jdks")
  void nativeAccessThatIsNeitherGrantedNorDeniedWarnsOrIsDenied(Path jdk) throws Exception {
    java = jdk;
    for (List<String> path : List.of(ForkedJvm.onClassPath(), onModulePath())) {
      ForkedJvm.Result result = start(path, "end", name).end();
      if (result.status() == 0 || Jdks.version(jdk) == 25) {
        assertThat(result.output()).isEqualTo("done\n");
        assertThat(result.errors()).contains("WARNING");
      } else {
        assertThat(result.errors()).contains("run it with --enable-native-access=");
      }
      forgetJvm();
    }
    assertClosedCleanly();
  }

  @Test
  void anotherSystemIsRefusedInWords() throws Exception {
    String elsewhere = "-Dos.name=Windows 11";
    ForkedJvm.Result result = start(with(enabledOnClassPath(), elsewhere), "versions").end();
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.errors())
        .contains("java.lang.UnsupportedOperationException: rbd4j needs 64-bit little-endian Linux")
        .contains("this is Windows 11 on " + System.getProperty("os.arch"));
  }
}
