package io.github.rbd4j.it;

import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.ClusterBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A Ceph cluster for tests: a throwaway one of plain daemons on 127.0.0.1, one in a container, or
 * one that runs already.
 *
 * <p>A throwaway cluster lives in a temporary folder of its own and ends with {@link #close()}, or
 * with this JVM, however that ends.
 */
public final class CephCluster implements AutoCloseable {
  /** The image of a container, unless another one is named. */
  public static final String DEFAULT_IMAGE = "quay.io/ceph/demo";

  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final Duration COMMAND_LIMIT = Duration.ofMinutes(2);

  private final Path conf;
  private final @Nullable Path folder;
  private final Runnable end;

  /**
   * Describes a cluster.
   *
   * @param conf the configuration file of its clients
   * @param folder where the start script keeps it, when it is one of that
   * @param end what ends it
   */
  private CephCluster(Path conf, @Nullable Path folder, Runnable end) {
    this.conf = conf;
    this.folder = folder;
    this.end = end;
  }

  /** Where the OSDs of a throwaway cluster keep their data. */
  public enum Store {
    /** In memory: quick, and lost when the OSD is killed. */
    MEMSTORE,
    /** In a file: survives a killed OSD. */
    BLUESTORE
  }

  /**
   * How a throwaway cluster shall be.
   *
   * @param osds the number of OSDs, 1 to 3
   * @param store where they keep their data
   * @param settings more settings for the daemons, each {@code key = value}
   */
  public record Layout(int osds, Store store, List<String> settings) {
    /**
     * One OSD in memory. Its lease to serve reads does not run out, as there is nobody else who
     * could: an OSD that was paused for longer than that may not notice that it has it again.
     *
     * @return the smallest cluster
     */
    public static Layout small() {
      return new Layout(1, Store.MEMSTORE, List.of("osd pool default read lease ratio = 1000"));
    }

    /**
     * One OSD that keeps its data when it is killed, and that serves many requests at once.
     *
     * @return the smallest cluster with a disk
     */
    public static Layout onDisk() {
      return new Layout(1, Store.BLUESTORE, List.of());
    }

    /**
     * Three OSDs that survive being killed.
     *
     * @return the cluster for tests of faults
     */
    public static Layout durable() {
      return new Layout(3, Store.BLUESTORE, List.of());
    }
  }

  /**
   * Starts a throwaway cluster with one OSD in memory and a pool {@code rbd}.
   *
   * @return the running cluster
   */
  public static CephCluster start() {
    return start(Layout.small());
  }

  /**
   * Starts a throwaway cluster with a pool {@code rbd}.
   *
   * @param layout how it shall be
   * @return the running cluster
   * @throws IllegalStateException if it cannot be started; says why
   */
  public static CephCluster start(Layout layout) {
    try {
      Path folder = Files.createTempDirectory("rbd4j-");
      List<String> command = new ArrayList<>();
      command.addAll(List.of("start", folder.toString()));
      command.addAll(List.of("--osds", Integer.toString(layout.osds())));
      command.addAll(
          List.of("--store", layout.store() == Store.MEMSTORE ? "memstore" : "bluestore"));
      command.addAll(List.of("--owner-pid", Long.toString(ProcessHandle.current().pid())));
      for (String setting : layout.settings()) {
        command.addAll(List.of("--conf", setting));
      }
      script(START_LIMIT, command);
      return new CephCluster(
          folder.resolve("ceph.conf"),
          folder,
          () -> script(COMMAND_LIMIT, List.of("stop", folder.toString())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a cluster in a container, with a pool {@code rbd}. Needs the library {@code
   * org.testcontainers:testcontainers} and a container engine.
   *
   * @param image the image: {@value #DEFAULT_IMAGE} or one that follows its conventions
   * @return the running cluster
   * @throws IllegalStateException if it cannot be started; says why and what to do
   */
  public static CephCluster container(String image) {
    try {
      CephContainer container = new CephContainer(image);
      container.start();
      return container.cluster();
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "a cluster in a container needs org.testcontainers:testcontainers among the dependencies",
          e);
    }
  }

  /** The cluster in a container that has written its clients' configuration to a file. */
  static CephCluster ofContainer(Path conf, Runnable end) {
    return new CephCluster(conf, null, end);
  }

  /**
   * Starts or uses the cluster that a property names.
   *
   * @param choice {@code local}, {@code container} or the path of a configuration file
   * @param image the image of a container
   * @return the running cluster
   * @throws IllegalStateException if it cannot be started or is not there
   */
  static CephCluster choose(String choice, String image) {
    return switch (choice) {
      case "local" -> start();
      case "container" -> container(image);
      default -> existing(Path.of(choice));
    };
  }

  /**
   * Uses a cluster that runs already. {@link #close()} leaves it alone.
   *
   * @param conf the configuration file of its clients
   * @return the cluster
   */
  public static CephCluster existing(Path conf) {
    if (Files.isDirectory(conf) || !Files.isReadable(conf)) {
      throw new IllegalStateException(
          "a cluster is local, container or a configuration file, and there is no readable file "
              + conf.toAbsolutePath());
    }
    return new CephCluster(conf, null, () -> {});
  }

  /**
   * The configuration file for clients.
   *
   * @return the file
   */
  public Path conf() {
    return conf;
  }

  /**
   * The keyring of the administrator of a throwaway cluster.
   *
   * @return the file
   */
  public Path keyring() {
    return folder().resolve("ceph.client.admin.keyring");
  }

  /**
   * Describes a connection of rbd4j to this cluster.
   *
   * @return a builder, to which more settings can be added
   */
  public ClusterBuilder client() {
    return Cluster.builder().confFile(conf);
  }

  /**
   * Runs the {@code rbd} program of this machine against this cluster.
   *
   * @param arguments its arguments
   * @return its standard output
   * @throws IllegalStateException if it fails
   */
  public String rbd(String... arguments) {
    return tool("rbd", new byte[0], arguments).text();
  }

  /**
   * Runs the {@code ceph} program of this machine against this cluster.
   *
   * @param arguments its arguments
   * @return its standard output
   * @throws IllegalStateException if it fails
   */
  public String ceph(String... arguments) {
    return tool("ceph", new byte[0], arguments).text();
  }

  /**
   * Runs a program that finds the cluster through {@code CEPH_CONF}.
   *
   * @param program the program
   * @param input what it reads from its standard input
   * @param arguments its arguments
   * @return what it did; its exit status is 0
   * @throws IllegalStateException if it fails
   */
  public CommandLine.Result tool(String program, byte[] input, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(Arrays.asList(arguments));
    CommandLine.Result result =
        CommandLine.run(COMMAND_LIMIT, Map.of("CEPH_CONF", conf.toString()), command, input);
    if (result.status() != 0) {
      throw new IllegalStateException(
          command + " ended with " + result.status() + ": " + result.errors());
    }
    return result;
  }

  /** What can be done to a daemon of a throwaway cluster. */
  public enum DaemonAction {
    /** Ends it at once, as a crash does. */
    KILL,
    /** Ends it in order. */
    TERMINATE,
    /** Stops it without ending it. */
    PAUSE,
    /** Lets it go on after a pause. */
    RESUME,
    /** Starts it and waits until it serves. */
    START,
    /** Ends it in order, starts it and waits until it serves. */
    RESTART
  }

  /**
   * Does something to a daemon of a throwaway cluster.
   *
   * @param action what to do
   * @param name the daemon: {@code mon.a}, {@code mgr.x}, {@code osd.0} and so on
   */
  public void daemon(DaemonAction action, String name) {
    script(
        COMMAND_LIMIT,
        List.of("daemon", folder().toString(), action.name().toLowerCase(Locale.ROOT), name));
  }

  /** Starts a daemon that mirrors images into this throwaway cluster. */
  public void startMirrorDaemon() {
    script(COMMAND_LIMIT, List.of("mirror", folder().toString(), "start"));
  }

  /**
   * Creates a user of a throwaway cluster.
   *
   * @param name its name without {@code client.}
   * @param capabilities its capabilities: {@code mon}, {@code profile rbd}, {@code osd}, ...
   * @return its keyring
   */
  public Path createUser(String name, String... capabilities) {
    List<String> command = new ArrayList<>(List.of("user", folder().toString(), name));
    command.addAll(Arrays.asList(capabilities));
    return Path.of(script(COMMAND_LIMIT, command).strip());
  }

  private Path folder() {
    if (folder == null) {
      throw new IllegalStateException(
          "the cluster of " + conf + " does not consist of daemons that were started here");
    }
    return folder;
  }

  /** Ends a throwaway cluster or a container and removes its files. */
  @Override
  public void close() {
    end.run();
  }

  private static String script(Duration limit, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("bash", ScriptHolder.SCRIPT.toString()));
    command.addAll(arguments);
    CommandLine.Result result = CommandLine.run(limit, Map.of(), command);
    if (result.status() != 0) {
      throw new IllegalStateException(
          "the Ceph cluster: " + arguments + " failed\n" + result.text() + result.errors());
    }
    return result.text();
  }

  /** The start script, copied out of the jar. */
  private static final class ScriptHolder {
    static final Path SCRIPT = copy();

    private static Path copy() {
      try (InputStream script = CephCluster.class.getResourceAsStream("ceph-cluster")) {
        Path file = Files.createTempFile("rbd4j-ceph-cluster-", ".sh");
        Files.write(file, Objects.requireNonNull(script, "ceph-cluster").readAllBytes());
        file.toFile().deleteOnExit();
        return file;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public String toString() {
    return "Ceph cluster of " + conf;
  }
}
