package example.services;

import io.github.rbd4j.Image;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.transfer.DiffRange;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Backs up images to a directory, the first time fully and then incrementally. Of each backup there
 * is a file, {@code DIRECTORY/IMAGE/backup-000001.diff}, in the format of {@code rbd export-diff}:
 * the rbd command can restore it, too. The image keeps the snapshot of the newest backup, so that
 * the next one finds what changed since. In a crontab:
 * {@code 30 2 * * * java --enable-native-access=ALL-UNNAMED -cp 'backup.jar:lib/*'
 * example.services.BackupService backup rbd vm /backup}.
 */
public final class BackupService {
  private static final String PREFIX = "backup-";
  private static final int BLOCK = 4 << 20;

  private final Rbd rbd;
  private final Path directory;

  public BackupService(Rbd rbd, Path directory) {
    this.rbd = rbd;
    this.directory = directory;
  }

  /** Usage: BackupService backup|verify POOL IMAGE DIRECTORY, or restore POOL IMAGE DIRECTORY NAME. */
  public static void main(String[] args) throws IOException {
    try (Cluster cluster = Cluster.builder().connect();
        IoContext io = cluster.ioContext(args[1])) {
      BackupService service = new BackupService(new Rbd(io), Path.of(args[3]));
      switch (args[0]) {
        case "backup" -> System.out.println(service.backup(args[2]));
        case "verify" -> service.verify(args[2]);
        case "restore" -> service.restore(args[2], args[4]);
        default -> throw new IllegalArgumentException("unknown command " + args[0]);
      }
    }
  }

  /** Backs up an image and returns the new file. Run it every night. */
  public Path backup(String image) throws IOException {
    List<Path> files = files(image);
    String last = files.isEmpty() ? null : snapshotOf(files.getLast());
    String next = PREFIX + "%06d".formatted(files.size() + 1);

    try (Image live = rbd.open(image)) {
      if (last != null && !live.snapshot(last).exists()) {
        throw new IllegalStateException(
            image + "@" + last + " is gone, and with it what the next backup would start from");
      }
      // A snapshot of that name is left of a backup that failed: its content is of no use.
      if (live.snapshot(next).exists()) {
        live.snapshot(next).remove();
      }
      live.createSnapshot(next);
    }

    Path file = directory.resolve(image, next + ".diff");
    Path unfinished = directory.resolve(image, next + ".part");
    Files.createDirectories(unfinished.getParent());
    Files.deleteIfExists(unfinished);
    new ImageExporter(rbd).diff(image, DiffRange.between(last, next), unfinished);
    force(unfinished);
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    force(file.getParent());

    try (Image live = rbd.open(image)) {
      for (SnapshotInfo snapshot : live.snapshots()) {
        if (snapshot.name().startsWith(PREFIX) && !snapshot.name().equals(next)) {
          live.snapshot(snapshot.name()).remove();
        }
      }
    }
    return file;
  }

  /** Waits until a file or folder is on its disk: only then the older snapshot may go. */
  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      channel.force(true);
    }
  }

  /** Makes a new image of the newest backup, with a snapshot for each of the backups. */
  public void restore(String image, String name) throws IOException {
    List<Path> files = files(image);
    if (files.isEmpty()) {
      throw new IllegalStateException("there is no backup of " + image + " in " + directory);
    }
    rbd.create(name, 0);
    try {
      for (Path file : files) {
        new ImageImporter(rbd).diff(file, name); // also makes the image as large as it was
      }
    } catch (IOException | RuntimeException e) {
      remove(name);
      throw e;
    }
  }

  /** Restores the newest backup to another image and compares it with the snapshot it is of. */
  public void verify(String image) throws IOException {
    String copy = image + "-verify";
    restore(image, copy);
    try {
      String snapshot = snapshotOf(files(image).getLast());
      if (checksum(image, snapshot) != checksum(copy, snapshot)) {
        throw new IllegalStateException("the backup of " + image + "@" + snapshot + " differs");
      }
    } finally {
      remove(copy);
    }
  }

  private long checksum(String image, String snapshot) {
    CRC32C sum = new CRC32C();
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    try (Image opened = rbd.open(image, OpenOptions.at(snapshot))) {
      for (long offset = 0; opened.readAt(offset, block) >= 0; offset += BLOCK) {
        sum.update(block.flip());
        block.clear();
      }
    }
    return sum.getValue();
  }

  private void remove(String image) {
    try (Image opened = rbd.open(image)) {
      opened.snapshots().forEach(snapshot -> opened.snapshot(snapshot.name()).remove());
    }
    rbd.remove(image);
  }

  /** The backups of an image, oldest first. */
  private List<Path> files(String image) {
    Path folder = directory.resolve(image);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".diff")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String snapshotOf(Path file) {
    return file.getFileName().toString().replace(".diff", "");
  }
}
