package io.github.rbd4j.it;

import com.github.dockerjava.api.command.InspectContainerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * A Ceph cluster in a container, for Testcontainers. The tests of rbd4j run it with the image that
 * {@code docker/build} of rbd4j makes. For {@value CephCluster#DEFAULT_IMAGE} it is made after the
 * conventions of that image: ready line, ports, keyring; that one is not run by these tests.
 *
 * <p>It runs in the network of the host, on the loopback interface, because monitors and OSDs tell
 * their clients the addresses to connect to. It has a pool {@code rbd} and lets pools be deleted.
 */
public final class CephContainer extends GenericContainer<CephContainer> {
  /** The container has the id of this process in a label of this name. */
  public static final String OWNER_LABEL = "io.github.rbd4j.it.owner";

  private static final String CONF = "ceph.conf";
  private static final String KEYRING = "ceph.client.admin.keyring";
  private static final Duration START_LIMIT = Duration.ofMinutes(3);

  /** What the image of Ceph's own demo does not do by itself. */
  private static final String PREPARE =
      """
      set -e
      timeout 120 ceph config set mon mon_allow_pool_delete true
      if ! timeout 120 ceph osd pool ls | grep -qx rbd; then
        timeout 120 ceph osd pool create rbd 8
      fi
      timeout 120 rbd pool init rbd
      """;

  private final String image;
  private @Nullable Path folder;
  private @Nullable CephCluster cluster;

  /** Describes a container of the image that {@code -Drbd4j.it.image} names. */
  public CephContainer() {
    this(System.getProperty("rbd4j.it.image", CephCluster.DEFAULT_IMAGE));
  }

  /**
   * Describes a container.
   *
   * @param image the name of its image
   */
  public CephContainer(String image) {
    super(DockerImageName.parse(image));
    this.image = image;
    withNetworkMode("host");
    withEnv("MON_IP", "127.0.0.1");
    withEnv("CEPH_PUBLIC_NETWORK", "127.0.0.0/8");
    // Ceph's own image always takes 3300, rbd4j's then takes a free one.
    withEnv("MON_PORT", "free");
    withEnv("DEMO_DAEMONS", "osd");
    withLabel(OWNER_LABEL, Long.toString(ProcessHandle.current().pid()));
    waitingFor(Wait.forLogMessage(".*/bin/demo: SUCCESS\\s*", 1).withStartupTimeout(START_LIMIT));
  }

  /**
   * Starts the container and waits until its cluster is ready.
   *
   * @throws IllegalStateException if no container engine answers, or the image is not there; says
   *     what to do
   */
  @Override
  public void start() {
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      throw new IllegalStateException(
          "A Ceph cluster in a container was asked for, and no container engine answers. Start one"
              + " (as root: systemctl start docker, or dockerd), or let DOCKER_HOST name one; or"
              + " use daemons of this machine with -Drbd4j.it.cluster=local.");
    }
    try {
      super.start();
    } catch (ContainerFetchException e) {
      stop();
      throw new IllegalStateException(
          "there is no image "
              + image
              + ", and it cannot be pulled; docker/build of rbd4j makes one, and -Drbd4j.it.image"
              + " names it",
          e);
    } catch (RuntimeException e) {
      stop();
      throw e;
    }
  }

  /**
   * The cluster in the started container. Closing it stops the container.
   *
   * @return the cluster
   * @throws IllegalStateException if the container has not been started
   */
  public CephCluster cluster() {
    if (cluster == null) {
      throw new IllegalStateException("the container has not been started");
    }
    return cluster;
  }

  @Override
  protected void containerIsStarted(InspectContainerResponse info, boolean reused) {
    try {
      ExecResult prepared = execInContainer("bash", "-c", PREPARE);
      if (prepared.getExitCode() != 0) {
        throw new IllegalStateException(
            "the cluster in the container does not answer: " + prepared.getStderr());
      }
      folder = Files.createTempDirectory("rbd4j-container-");
      cluster = fetch(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a Ceph container starts", e);
    }
  }

  /** Copies what a client needs into a folder of this machine. */
  private CephCluster fetch(Path to) throws IOException {
    Path conf = to.resolve(CONF);
    Path keyring = to.resolve(KEYRING);
    copyFileFromContainer("/etc/ceph/" + KEYRING, in -> save(in, keyring));
    String text =
        copyFileFromContainer(
            "/etc/ceph/" + CONF, in -> new String(in.readAllBytes(), StandardCharsets.UTF_8));
    Files.writeString(conf, text + "\n[client]\nkeyring = " + keyring + "\n");
    return CephCluster.ofContainer(conf, this::stop);
  }

  @Override
  protected void containerIsStopped(InspectContainerResponse info) {
    if (folder != null) {
      delete(folder.resolve(CONF), folder.resolve(KEYRING), folder);
      folder = null;
      cluster = null;
    }
  }

  private static long save(InputStream in, Path file) throws IOException {
    return Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void delete(Path... files) {
    try {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
