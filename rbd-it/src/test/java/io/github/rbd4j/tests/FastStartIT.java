package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.it.CommandLine;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipe of {@code docs/how-to/fast-start.md} works as it stands there. */
@CephTest
class FastStartIT {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Path JDK = Path.of(System.getProperty("java.home"), "bin");

  @Test
  void theRecipeLoadsTheLibraryFromTheCache(CephCluster ceph, Rbd rbd, @TempDir Path folder)
      throws IOException {
    String name = Names.unique("fast");
    rbd.create(name, 1 << 20);
    String page = Files.readString(Snippets.ROOT.resolve("docs/how-to/fast-start.md"));
    makeProgram(snippet(page, "java"), folder);
    List<String> recipe = snippet(page, "sh").lines().toList();
    assertThat(recipe).hasSize(2);

    for (String line : recipe) {
      String image = rbd.ioContext().poolName() + " " + name;
      assertThat(run(ceph, folder, line.replace("rbd vm-1", image)).lines()).contains("4096");
    }

    assertThat(Files.readAllLines(folder.resolve("classes.log")))
        .filteredOn(line -> line.contains("io.github.rbd4j.Image "))
        .singleElement()
        .asString()
        .contains("shared objects file");
    rbd.remove(name);
  }

  /** Runs a line of a shell in the folder; which classes came from where is in classes.log. */
  private static String run(CephCluster ceph, Path folder, String line) {
    CommandLine.Result result =
        CommandLine.run(
            LIMIT,
            Map.of(
                "CEPH_CONF",
                ceph.conf().toString(),
                "PATH",
                JDK + File.pathSeparator + System.getenv("PATH"),
                "JDK_JAVA_OPTIONS",
                "-Xlog:class+load:file=classes.log::filecount=0"),
            List.of("sh", "-c", "cd '" + folder + "' && " + line));
    assertThat(result.status()).as(result.errors()).isZero();
    return result.text();
  }

  private static String snippet(String page, String language) {
    return page.split("```" + language + "\n", 2)[1].split("```", 2)[0];
  }

  private static void makeProgram(String program, Path folder) throws IOException {
    Path source = Files.writeString(folder.resolve("Main.java"), program);
    Path classes = Files.createDirectory(folder.resolve("classes"));
    String classPath = System.getProperty("java.class.path");
    tool("javac", "-cp", classPath, "-d", classes.toString(), source.toString());
    jar(folder.resolve("app.jar"), classes);
    Path lib = Files.createDirectory(folder.resolve("lib"));
    int number = 0;
    for (String entry : Pattern.compile(File.pathSeparator, Pattern.LITERAL).split(classPath, -1)) {
      Path path = Path.of(entry);
      Path target = lib.resolve(++number + ".jar");
      if (Files.isDirectory(path)) {
        jar(target, path);
      } else if (Files.exists(path)) {
        Files.copy(path, target);
      }
    }
  }

  private static void jar(Path file, Path classes) {
    tool("jar", "--create", "--file", file.toString(), "-C", classes.toString(), ".");
  }

  private static void tool(String name, String... arguments) {
    int status = ToolProvider.findFirst(name).orElseThrow().run(System.out, System.err, arguments);
    assertThat(status).as(name).isZero();
  }
}
