package io.github.rbd4j.bench;

import com.google.gson.JsonParser;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.bench.contestant.ColdStart;
import io.github.rbd4j.bench.contestant.Command;
import io.github.rbd4j.bench.contestant.Contestant;
import io.github.rbd4j.bench.contestant.Fio;
import io.github.rbd4j.bench.contestant.LongRunner;
import io.github.rbd4j.bench.contestant.RbdBench;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CommandLine;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where it all happens: a throwaway cluster with an image full of data, the compiled peers, and the
 * stub of the native libraries. Each is made when first needed.
 *
 * <p>The image has no exclusive lock, since the contestants have it open side by side; and the
 * cache of librbd is off where a row does not ask for it.
 */
public final class Laboratory implements AutoCloseable {
  /** On the real cluster, or on the stub. */
  public enum Ground {
    /** The cluster, without librbd's cache. */
    CLUSTER,
    /** The cluster, with librbd's cache. */
    CACHED,
    /** The stub of the native libraries. */
    STUB
  }

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration LONG_LIMIT = Duration.ofMinutes(20);
  private static final String MAINS = "io.github.rbd4j.bench.workload.";
  private static final String RBD4J = MAINS + "Rbd4jMain";
  private static final String JNA = MAINS + "JnaMain";
  private static final String FIRST_READ = MAINS + "FirstReadMain";
  static final String POOL = "rbd";
  private static final String IMAGE = "bench";

  private final Path folder;
  private final long imageBytes;
  private @Nullable CephCluster cluster;
  private @Nullable Path stub;
  private @Nullable String jars;
  private @Nullable Path aotCache;

  /** A laboratory that keeps its files in that folder. */
  public Laboratory(Path folder, long imageBytes) {
    this.folder = folder;
    this.imageBytes = imageBytes;
  }

  /** rbd4j with one of its workloads, in a JVM of its own. */
  public Supplier<Contestant> rbd4j(Ground ground, String... workload) {
    return java(ground, RBD4J, workload);
  }

  /** rados-java with one of its workloads, in a JVM of its own. */
  public Supplier<Contestant> jna(Ground ground, String... workload) {
    return java(ground, JNA, workload);
  }

  private Supplier<Contestant> java(Ground ground, String main, String... workload) {
    return () -> new LongRunner(on(ground, java(List.of(), classPath(), main), workload));
  }

  /** rbd4j on nothing but the bindings, in a JVM of its own. */
  public Supplier<Contestant> bindings(String... workload) {
    return java(Ground.CLUSTER, MAINS + "BareMain", workload);
  }

  /** The command line of one of rbd4j's programs on the cluster. */
  List<String> rbd4jLine(String main, String image, String... workload) {
    List<String> line = java(List.of(), classPath(), MAINS + main);
    line.addAll(List.of(conf(Ground.CLUSTER).toString(), POOL, image));
    line.addAll(Arrays.asList(workload));
    return line;
  }

  /** Runs a program of the class path to its end in a JVM of its own, on the stub. */
  public void runJavaOnStub(String main, String... arguments) {
    List<String> line = java(List.of(), classPath(), main);
    line.addAll(Arrays.asList(arguments));
    run(command(Ground.STUB, line));
  }

  /** The file of that name in the folder of this laboratory. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  private static List<String> java(List<String> options, String classPath, String main) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.add("--enable-native-access=ALL-UNNAMED");
    line.addAll(options);
    line.addAll(List.of("-cp", classPath, main));
    return line;
  }

  /** The C program with one of its workloads. */
  public Supplier<Contestant> c(Ground ground, String... workload) {
    return () -> new LongRunner(on(ground, List.of(compiledPeer(ground).toString()), workload));
  }

  /** The Python program with one of its workloads. */
  public Supplier<Contestant> python(Ground ground, String... workload) {
    return () -> new LongRunner(on(ground, python(), workload));
  }

  private List<String> python() {
    Path program = resource("peer.py");
    return Stream.of("python3", "/usr/bin/python3")
        .filter(
            python ->
                CommandLine.run(LIMIT, Map.of(), List.of(python, "-c", "import rados, rbd"))
                        .status()
                    == 0)
        .findFirst()
        .map(python -> List.of(python, program.toString()))
        .orElseThrow(() -> new IllegalStateException("no python3 finds the module rbd"));
  }

  /** fio, with its engine for rbd. */
  public Supplier<Contestant> fio(String pattern, long blockSize, int depth) {
    return () ->
        new Fio(
            command(
                Ground.CLUSTER,
                List.of(
                    "fio",
                    "--ioengine=rbd",
                    "--clientname=admin",
                    "--pool=" + POOL,
                    "--rbdname=" + IMAGE)),
            pattern,
            blockSize,
            depth);
  }

  /** {@code rbd bench}. */
  public Supplier<Contestant> rbdBench(String type, String pattern, long blockSize, int depth) {
    return () ->
        new RbdBench(
            command(Ground.CLUSTER, List.of("rbd", "-p", POOL)),
            IMAGE,
            type,
            pattern,
            blockSize,
            depth);
  }

  /** The C program from its start to its first read. */
  public Supplier<Contestant> coldC() {
    return () -> cold(List.of(compiledPeer(Ground.CLUSTER).toString()), "first-read");
  }

  /** The Python program from its start to its first read. */
  public Supplier<Contestant> coldPython() {
    return () -> cold(python(), "first-read");
  }

  /** rbd4j from the start of its JVM to its first read. */
  public Supplier<Contestant> coldRbd4j() {
    return () -> cold(java(List.of(), jars(), FIRST_READ));
  }

  /** The same with an AOT cache. */
  public Supplier<Contestant> coldRbd4jWithAotCache() {
    return () ->
        cold(java(List.of("-XX:AOTMode=on", "-XX:AOTCache=" + aotCache()), jars(), FIRST_READ));
  }

  private Contestant cold(List<String> program, String... workload) {
    return new ColdStart(on(Ground.CLUSTER, program, workload), "done");
  }

  private Command on(Ground ground, List<String> program, String... workload) {
    List<String> line = new ArrayList<>(program);
    line.addAll(List.of(conf(ground).toString(), POOL, IMAGE));
    line.addAll(Arrays.asList(workload));
    return command(ground, line);
  }

  Command command(Ground ground, List<String> line) {
    return new Command(
        folder,
        ground == Ground.STUB
            ? Map.of("LD_LIBRARY_PATH", stub().toString())
            : Map.of("CEPH_CONF", conf(ground).toString()),
        line);
  }

  /** The folder with the stub of both libraries. */
  private Path stub() {
    if (stub == null) {
      Path made = folder.resolve("stub");
      create(made);
      for (String library : List.of("librbd.so.1", "librados.so.2")) {
        Path file = made.resolve(library);
        compile(resource("stub.c"), file, "-shared", "-fPIC", "-Wl,-soname," + library);
        try { // the names that JNA looks for
          Files.createSymbolicLink(
              made.resolve(library.substring(0, library.lastIndexOf('.'))), file.getFileName());
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      stub = made;
    }
    return stub;
  }

  private Path compiledPeer(Ground ground) {
    boolean onStub = ground == Ground.STUB;
    Path program = folder.resolve(onStub ? "peer-on-stub" : "peer");
    if (!Files.exists(program)) {
      List<String> libraries = new ArrayList<>(List.of("-lrbd", "-lrados", "-lpthread"));
      if (onStub) {
        libraries.addFirst("-L" + stub());
      }
      compile(resource("peer.c"), program, libraries.toArray(String[]::new));
    }
    return program;
  }

  private void compile(Path source, Path target, String... arguments) {
    List<String> line =
        new ArrayList<>(
            List.of("gcc", "-O2", "-Wall", "-Werror", "-o", target.toString(), source.toString()));
    line.addAll(Arrays.asList(arguments));
    run(new Command(folder, Map.of(), line));
  }

  private static void run(Command command) {
    CommandLine.Result result = CommandLine.run(LONG_LIMIT, command.environment(), command.line());
    if (result.status() != 0) {
      throw new IllegalStateException(
          command.line() + " failed\n" + result.text() + result.errors());
    }
  }

  private Path resource(String name) {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      create(folder);
      try (InputStream in = Laboratory.class.getResourceAsStream(name)) {
        Files.copy(Objects.requireNonNull(in, name), file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return file;
  }

  private static void create(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The class path of this JVM, from whichever folder. */
  private static String classPath() {
    return entries(System.getProperty("java.class.path"))
        .map(Path::of)
        .filter(Files::exists)
        .map(entry -> entry.toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static Stream<String> entries(String classPath) {
    return Pattern.compile(File.pathSeparator, Pattern.LITERAL).splitAsStream(classPath);
  }

  /** The class path with every folder made a jar: class data is archived of jars only. */
  private String jars() {
    if (jars == null) {
      jars =
          entries(classPath())
              .map(entry -> Files.isDirectory(Path.of(entry)) ? jar(entry) : entry)
              .collect(Collectors.joining(File.pathSeparator));
    }
    return jars;
  }

  private String jar(String classes) {
    Path jar = folder.resolve("classes-" + Integer.toHexString(classes.hashCode()) + ".jar");
    int status =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "--create", "--file", jar.toString(), "-C", classes, ".");
    if (status != 0) {
      throw new IllegalStateException("no jar of " + classes);
    }
    return jar.toString();
  }

  private Path aotCache() {
    if (aotCache == null) {
      Path cache = folder.resolve("first-read.aot");
      Command training =
          on(Ground.CLUSTER, java(List.of("-XX:AOTCacheOutput=" + cache), jars(), FIRST_READ));
      run(training);
      aotCache = cache;
    }
    return aotCache;
  }

  private Path conf(Ground ground) {
    if (ground == Ground.STUB) {
      return folder;
    }
    Path ceph = cluster().conf();
    Path conf = folder.resolve(ground + ".conf");
    if (!Files.exists(conf)) {
      try {
        Files.writeString(
            conf,
            Files.readString(ceph)
                + "\n[client]\nrbd cache = "
                + (ground == Ground.CACHED)
                + "\nrbd cache policy = writeback\n"); // by default it caches no reads
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return conf;
  }

  /** As small as that of the tests, with as many threads for operations as an OSD has. */
  private static CephCluster.Layout layout() {
    CephCluster.Layout small = CephCluster.Layout.small();
    List<String> settings = new ArrayList<>(small.settings());
    settings.addAll(List.of("osd op num shards = 8", "osd op num threads per shard = 2"));
    return new CephCluster.Layout(small.osds(), small.store(), settings);
  }

  private CephCluster cluster() {
    if (cluster == null) {
      create(folder);
      cluster = CephCluster.start(layout());
      fill(IMAGE, imageBytes, 1);
    }
    return cluster;
  }

  /** Runs the {@code rbd} program. */
  void rbd(String... arguments) {
    cluster().rbd(arguments);
  }

  /** How many reads the OSD has done. */
  long readsOfOsd() {
    return JsonParser.parseString(cluster().ceph("tell", "osd.0", "perf", "dump", "osd", "op_r"))
        .getAsJsonObject()
        .getAsJsonObject("osd")
        .get("op_r")
        .getAsLong();
  }

  /** Makes an image and writes each object of it, or of so many one. */
  void fill(String name, long bytes, int ofSoMany) {
    int block = 4 << 20;
    ImageOptions plain = new ImageOptions().features(Set.of(Feature.LAYERING));
    try (Cluster connection = cluster().client().connect();
        IoContext io = connection.ioContext(POOL);
        Arena arena = Arena.ofConfined()) {
      Rbd rbd = new Rbd(io);
      rbd.create(name, bytes, plain);
      var data = arena.allocate(block).fill((byte) 1);
      try (Image image = rbd.open(name)) {
        for (long offset = 0; offset < bytes; offset += (long) ofSoMany * block) {
          image.writeAt(offset, data);
        }
      }
    }
  }

  @Override
  public void close() {
    if (cluster != null) {
      cluster.close();
    }
  }
}
