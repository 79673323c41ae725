package io.github.rbd4j.demo;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageInfo;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A tour of rbd4j on a real cluster, told as it goes. Its argument is the configuration file of the
 * cluster's clients; {@code bin/demo} starts a throwaway cluster and runs it. Every claim is
 * checked, and the exit status is 0 only if all of them hold.
 */
public final class Demo {
  private static final int MIB = 1 << 20;
  private static final int SIZE = 32 * MIB;
  private static final String NAME = "demo";
  private static final String CLONE = "demo-clone";

  private final CephCluster ceph;
  private final Random random = new Random(42);
  private final Map<String, Duration> costs = new LinkedHashMap<>();
  private int checks;
  private int failures;

  private Demo(CephCluster ceph) {
    this.ceph = ceph;
  }

  /**
   * Runs the tour.
   *
   * @param arguments the path of a {@code ceph.conf}
   */
  public static void main(String[] arguments) {
    Demo demo = new Demo(CephCluster.existing(Path.of(arguments[0])));
    demo.tour();
    demo.printCosts();
    IO.println();
    if (demo.failures > 0) {
      IO.println(demo.failures + " of " + demo.checks + " checks FAILED");
      System.exit(1);
    }
    IO.println("All " + demo.checks + " checks held.");
  }

  private void tour() {
    title("Connect to the cluster");
    say("One connection serves a whole application. It is made from the ceph.conf that");
    say("every Ceph client reads, and every request through it has a time-out.");
    try (Cluster cluster = timed("connect", () -> ceph.client().connect());
        IoContext io = timed("open the pool", () -> cluster.ioContext("rbd"))) {
      say("librbd   " + Rbd.version());
      say("librados " + Cluster.libradosVersion());
      say("Java     " + System.getProperty("java.version"));
      say("cluster  " + cluster.fsid());

      images(new Rbd(io));
    }
  }

  private void images(Rbd rbd) {
    title("Create an image");
    say("An image is a block device, cut into objects that the cluster spreads over its disks.");
    timed("create an image", () -> rbd.create(NAME, SIZE));
    byte[] content = new byte[SIZE]; // what the image should hold: zeros, to begin with
    try (Image image = timed("open it", () -> rbd.open(NAME))) {
      ImageInfo info = image.info();
      say("%d objects of %d MiB".formatted(info.objectCount(), info.objectSize() / MIB));
      say("features " + info.features());

      writeAndRead(image, content);
      byte[] before = content.clone();
      Snapshot monday = snapshotAndChange(rbd, image, content);
      differences(image, before, content);
      errors(rbd, image);
      rollBack(image, monday, before);
      cloneAndFlatten(rbd, monday, before);
      witness(NAME, before);
      timed("remove the snapshot", () -> monday.remove());
    }
    timed("remove the image", () -> rbd.remove(NAME));
    check("the pool is as empty as before", rbd.list().isEmpty());
  }

  private void writeAndRead(Image image, byte[] content) {
    title("Write and read");
    byte[] data = randomBytes(8 * MIB);
    timed("write 8 MiB", () -> image.writeAt(MIB, data));
    timed("flush", image::flush);
    System.arraycopy(data, 0, content, MIB, data.length);
    say("8 MiB written at offset 1 MiB.");

    byte[] back = new byte[data.length];
    int count = timed("read 8 MiB", () -> image.readAt(MIB, back));
    check("as many bytes come back", count == data.length);
    check("they are the bytes that were written", Arrays.equals(back, data));
    check("a read at the end of the image gives -1", image.readAt(SIZE, new byte[1]) == -1);
  }

  private Snapshot snapshotAndChange(Rbd rbd, Image image, byte[] content) {
    title("Take a snapshot, then change the image");
    Snapshot monday = timed("take a snapshot", () -> image.createSnapshot("monday"));
    say("%s has id %d and was taken at %s.".formatted(monday, monday.id(), monday.timestamp()));
    byte[] before = content.clone();

    byte[] news = randomBytes(64 << 10);
    timed("overwrite 64 KiB", () -> image.writeAt(2L * MIB, news));
    System.arraycopy(news, 0, content, 2 * MIB, news.length);
    timed("write 4 MiB of zeros", () -> image.writeZeroes(4L * MIB, 4L * MIB));
    Arrays.fill(content, 4 * MIB, 8 * MIB, (byte) 0);
    say("64 KiB overwritten at 2 MiB, and 4 MiB of zeros written at 4 MiB.");
    check("the image holds the new bytes", Arrays.equals(readAll(image), content));
    try (Image past = timed("open the snapshot", () -> rbd.open(NAME, OpenOptions.at("monday")))) {
      check("the snapshot still holds the old ones", Arrays.equals(readAll(past), before));
    }
    return monday;
  }

  private void differences(Image image, byte[] before, byte[] content) {
    title("What changed since the snapshot?");
    List<DiffExtent> extents =
        timed("compare with the snapshot", () -> image.diff(DiffOptions.since("monday")));
    say("%12s %12s   %s".formatted("offset", "length", "now"));
    byte[] patched = before.clone();
    for (DiffExtent extent : extents) {
      say(
          "%12d %12d   %s"
              .formatted(extent.offset(), extent.length(), extent.exists() ? "data" : "a hole"));
      int start = (int) extent.offset();
      byte[] part = new byte[(int) extent.length()];
      if (extent.exists()) {
        image.readAt(start, part);
      }
      System.arraycopy(part, 0, patched, start, part.length);
    }
    say("This is all that an incremental backup has to copy:");
    check("the snapshot with these extents is the image", Arrays.equals(patched, content));
  }

  private void errors(Rbd rbd, Image image) {
    title("When something goes wrong");
    say("What the cluster refuses is an RbdException: a type for what happened, and the errno.");
    try {
      rbd.open("no-such-image").close();
      check("opening what does not exist fails", false);
    } catch (ImageNotFoundException e) {
      say(e);
      check("it says ENOENT", e.errnoName().equals("ENOENT"));
    }
    try {
      rbd.remove(NAME);
      check("removing an image that has snapshots fails", false);
    } catch (ImageHasSnapshotsException e) {
      say(e);
      check("it says ENOTEMPTY", e.errnoName().equals("ENOTEMPTY"));
    }
    say("What cannot be meant never reaches the cluster.");
    try {
      image.writeAt(SIZE - 1, new byte[2]);
      check("writing beyond the end fails", false);
    } catch (IllegalArgumentException e) {
      say(e);
      check("writing beyond the end is refused", true);
    }
  }

  private void rollBack(Image image, Snapshot monday, byte[] before) {
    title("Roll back");
    timed("roll back", () -> monday.rollback());
    check(
        "the image is what it was when the snapshot was taken",
        Arrays.equals(readAll(image), before));
  }

  private void cloneAndFlatten(Rbd rbd, Snapshot monday, byte[] content) {
    title("Clone the snapshot, then make the clone independent");
    monday.protect();
    ImageOptions defaults = new ImageOptions();
    timed("clone", () -> rbd.clone(NAME, "monday", rbd, CLONE, defaults));
    try (Image clone = rbd.open(CLONE)) {
      say(
          "The clone has %d MiB of its parent's data, and copied none."
              .formatted(clone.overlap() / MIB));
      check("it reads as the snapshot does", Arrays.equals(readAll(clone), content));
      AtomicLong reports = new AtomicLong();
      timed("flatten the clone", () -> clone.flatten((done, total) -> reports.incrementAndGet()));
      say("Flattened: librbd reported its progress %d times.".formatted(reports.get()));
      check("nothing comes from the parent any more", clone.overlap() == 0);
      check("it still reads as the snapshot does", Arrays.equals(readAll(clone), content));
    }
    monday.unprotect();
    witness(CLONE, content);
    timed("remove the clone", () -> rbd.remove(CLONE));
  }

  private void witness(String image, byte[] content) {
    title("A witness: Ceph's own rbd command looks at " + image);
    ceph.rbd("info", image).lines().limit(6).forEach(line -> say(line.replace('\t', ' ')));
    String ours = sha256(content);
    String theirs =
        timed(
            "rbd export " + image,
            () ->
                sha256(
                    ceph.tool("rbd", new byte[0], "export", "--no-progress", image, "-").output()));
    say("SHA-256 of what rbd4j wrote   " + ours);
    say("SHA-256 of rbd export         " + theirs);
    check("they are equal", ours.equals(theirs));
  }

  private byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] readAll(Image image) {
    byte[] all = new byte[(int) image.size()];
    image.readAt(0, all);
    return all;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  private void title(String text) {
    IO.println();
    IO.println("== " + text);
  }

  private void say(String text) {
    IO.println("   " + text);
  }

  private void say(RuntimeException e) {
    IO.println("   " + e.getClass().getSimpleName() + ": " + e.getMessage());
  }

  private void check(String claim, boolean holds) {
    checks++;
    if (!holds) {
      failures++;
    }
    IO.println((holds ? "   ok: " : "   FAILED: ") + claim);
  }

  private <T> T timed(String step, Supplier<T> work) {
    long start = System.nanoTime();
    T result = work.get();
    costs.put(step, Duration.ofNanos(System.nanoTime() - start));
    return result;
  }

  private void timed(String step, Runnable work) {
    timed(
        step,
        () -> {
          work.run();
          return step;
        });
  }

  private void printCosts() {
    title("What each step took");
    say("(A write is done when librbd's cache has it, a flush when the cluster has it.)");
    costs.forEach((step, cost) -> say("%8.1f ms   %s".formatted(cost.toNanos() / 1e6, step)));
  }
}
