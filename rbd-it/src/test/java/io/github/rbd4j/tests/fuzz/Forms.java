package io.github.rbd4j.tests.fuzz;

import static io.github.rbd4j.tests.fuzz.World.check;
import static io.github.rbd4j.tests.fuzz.World.get;
import static io.github.rbd4j.tests.fuzz.World.refused;
import static io.github.rbd4j.tests.fuzz.World.task;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageWatch;
import io.github.rbd4j.IncompleteCopyException;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.LinkedImage;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.nio.ImageChannel;
import io.github.rbd4j.nio.ImageInputStream;
import io.github.rbd4j.nio.ImageOutputStream;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The other forms of the calls, which must do the same: vectors, futures, channels, streams,
 * transfers, deep copies; and objects that cannot be meant: closed ones, arenas of others, objects
 * of another cluster.
 */
final class Forms {
  private final World world;
  private final Rbd stranger;

  Forms(World world, Rbd stranger) {
    this.world = world;
    this.stranger = stranger;
  }

  /** A step that failed can leave its image in the other cluster. */
  void cleanUp() {
    if (stranger.exists("fuzz")) {
      stranger.remove("fuzz");
    }
  }

  private static int offset(Random random, ModelImage model) {
    return random.nextInt(model.content.length + 1);
  }

  private static int length(Random random, ModelImage model, int offset) {
    return random.nextInt(Math.min(100_000, model.content.length - offset) + 1);
  }

  /** Cuts a range into pieces of memory of each kind. */
  private static List<MemorySegment> pieces(Random random, int length) {
    List<MemorySegment> pieces = new ArrayList<>();
    int left = length;
    do {
      int part = pieces.size() == 7 ? left : random.nextInt(left + 1);
      pieces.add(
          random.nextBoolean()
              ? MemorySegment.ofArray(new byte[part])
              : Arena.ofAuto().allocate(part));
      left -= part;
    } while (left > 0);
    return pieces;
  }

  private static byte[] joined(List<MemorySegment> pieces) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    pieces.forEach(piece -> all.writeBytes(piece.toArray(ValueLayout.JAVA_BYTE)));
    return all.toByteArray();
  }

  private static void same(byte[] actual, byte[] expected, String what) {
    int wrong = Arrays.mismatch(actual, expected);
    check(wrong < 0, "%s differs at %d", what, wrong);
  }

  void read(Random random, String name, ModelImage model) {
    int offset = offset(random, model);
    int length = length(random, model, offset);
    int way = random.nextInt(3);
    world.doing("read %d bytes at %d of %s, other way %d", length, offset, name, way);
    Image image = world.handle(name);
    byte[] actual =
        switch (way) {
          case 0 -> {
            List<MemorySegment> pieces = pieces(random, length);
            long count = image.async().readv(offset, pieces).join();
            check(Math.max(0, count) == length, "read %d bytes", count);
            yield joined(pieces);
          }
          case 1 ->
              get(
                  () -> {
                    ByteBuffer target = ByteBuffer.allocate(length);
                    try (ImageChannel channel = ImageChannel.of(image)) {
                      channel.position(offset);
                      while (target.hasRemaining() && channel.read(target) >= 0) {
                        check(channel.position() == offset + target.position(), "%s", channel);
                      }
                    }
                    check(!target.hasRemaining(), "ended at %s", target);
                    return target.array();
                  });
          default ->
              get(
                  () -> {
                    try (ImageInputStream in = new ImageInputStream(image, offset, length, 2)) {
                      return in.readAllBytes();
                    }
                  });
        };
    same(actual, Arrays.copyOfRange(model.content, offset, offset + length), name);
  }

  void write(Random random, String name, ModelImage model) {
    int offset = offset(random, model);
    int length = length(random, model, offset);
    int way = random.nextInt(5);
    world.doing("write %d bytes at %d of %s, other way %d", length, offset, name, way);
    Image image = world.handle(name);
    byte[] data = new byte[length];
    random.nextBytes(data);
    switch (way) {
      case 0 -> {
        List<MemorySegment> pieces = pieces(random, length);
        pieces.forEach(
            piece -> {
              byte[] part = new byte[(int) piece.byteSize()];
              random.nextBytes(part);
              piece.copyFrom(MemorySegment.ofArray(part));
            });
        image.async().writev(offset, pieces).join();
        model.write(offset, joined(pieces));
      }
      case 1 -> {
        byte[] pattern = Arrays.copyOf(data, Math.max(1, Math.min(512, length)));
        int whole = length / pattern.length * pattern.length;
        image.async().writeSame(offset, whole, MemorySegment.ofArray(pattern)).join();
        model.fill(offset, whole, pattern);
      }
      case 2 -> compareAndWrite(random, image, model);
      case 3 -> {
        get(
            () -> {
              try (ImageChannel channel = ImageChannel.of(image)) {
                ByteBuffer source = ByteBuffer.wrap(data);
                channel.position(offset);
                while (source.hasRemaining()) {
                  channel.write(source);
                }
                return null;
              }
            });
        model.write(offset, data);
      }
      default -> {
        get(
            () -> {
              try (ImageOutputStream out = new ImageOutputStream(image, offset, 2)) {
                out.write(data);
                return null;
              }
            });
        model.write(offset, data);
      }
    }
  }

  private static void compareAndWrite(Random random, Image image, ModelImage model) {
    int sectors = model.content.length / 512;
    if (sectors == 0) {
      return;
    }
    int at = random.nextInt(sectors) * 512;
    byte[] expected = Arrays.copyOfRange(model.content, at, at + 512);
    int different = random.nextBoolean() ? random.nextInt(512) : -1;
    if (different >= 0) {
      expected[different] ^= 1;
    }
    byte[] data = new byte[512];
    random.nextBytes(data);
    OptionalLong result =
        image
            .async()
            .compareAndWrite(at, MemorySegment.ofArray(expected), MemorySegment.ofArray(data))
            .join();
    check(result.orElse(-1) == different, "difference at %s, not %d", result, different);
    if (different < 0) {
      model.write(at, data);
    }
  }

  /** Another handle shows a snapshot, by name and by id, and then the image again. */
  void snapshot(Random random, String name, ModelImage model) {
    String snapshot = Hostile.name(random, model.snapshots.keySet());
    world.doing("show snapshot %s of %s", snapshot, name);
    world.handle(name).flush();
    try (Image image = world.reader(name)) {
      ModelImage.Snap snap = snapshot == null ? null : model.snapshots.get(snapshot);
      if (snap == null) {
        refused(
            task(() -> image.setSnapshot(snapshot)),
            RbdException.class,
            IllegalArgumentException.class,
            NullPointerException.class);
      } else {
        image.setSnapshot(snapshot);
        World.verify(name + "@" + snapshot, image, snap.content);
        image.unsetSnapshot();
        image.setSnapshot(snap.id);
        World.verify(name + "@" + snapshot, image, snap.content);
        image.unsetSnapshot();
      }
      World.verify(name, image, model.content);
    }
  }

  /** Out of the image and into a new one. */
  void transfer(Random random, String name, ModelImage model) {
    String to = Hostile.newName(random);
    int way = random.nextInt(3);
    world.doing("transfer %s to %s, way %d", name, to, way);
    world.handle(name).flush();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageExporter exporter = new ImageExporter(world.rbd());
    get(
        () -> {
          exporter.raw(name, null, Channels.newChannel(bytes));
          return null;
        });
    same(bytes.toByteArray(), model.content, "the export of " + name);
    if (to == null || !world.isFree(to)) {
      return;
    }
    ModelImage copied = new ModelImage(model.content.clone(), false);
    ImageOptions options = World.options(false);
    switch (way) {
      case 0 -> {
        get(
            () -> {
              ByteArrayInputStream in = new ByteArrayInputStream(bytes.toByteArray());
              new ImageImporter(world.rbd()).raw(Channels.newChannel(in), to, options);
              return null;
            });
        copied.changes++;
      }
      case 1 -> {
        options.set(ImageOption.FLATTEN, 1);
        boolean impatient = random.nextBoolean();
        try (Image image = world.reader(name)) {
          if (impatient) {
            Thread.currentThread().interrupt(); // so that it does not wait for the OSDs
          }
          image.deepCopyTo(world.rbd(), to, options, ProgressListener.NONE);
        } catch (IncompleteCopyException e) {
          check(impatient && model.snapshotsRemoved, "%s", e);
          return;
        } finally {
          check(Thread.interrupted() == impatient, "interrupted: %b", !impatient);
        }
        try (Image image = world.rbd().open(to)) {
          model.snapshots.forEach(
              (snapshot, snap) -> {
                ModelImage.Snap copy =
                    new ModelImage.Snap(
                        image.snapshot(snapshot).id(), snap.content, copied.changes);
                copy.isProtected = image.snapshot(snapshot).isProtected();
                copied.snapshots.put(snapshot, copy);
              });
        }
        copied.metadata.putAll(model.metadata);
        copied.changes++; // in which objects is up to librbd
      }
      default -> {
        try (Image image = world.reader(name)) {
          image.copyTo(stranger, "fuzz", options, 0, ProgressListener.NONE);
        }
        try (Image image = stranger.open("fuzz")) {
          World.verify("the copy in another cluster", image, model.content);
        }
        stranger.remove("fuzz");
        return;
      }
    }
    world.add(to, copied);
  }

  /** What others say of the image. */
  void lists(String name, ModelImage model) {
    world.doing("lists of %s", name);
    Image image = world.handle(name);
    List<String> children = image.children().stream().map(LinkedImage::name).sorted().toList();
    check(children.equals(world.childrenOf(model)), "children %s", children);
    check(image.descendants().size() >= children.size(), "descendants %s", image.descendants());
    check(image.watchers().size() == 1, "watchers %s", image.watchers());
    if (!model.exclusiveLock) {
      refused(() -> image.exclusiveLock().owners(), InvalidRequestException.class);
    }
    check(!image.config().isEmpty(), "no configuration");
    check(world.namespaces().contains(world.namespace()), "namespaces %s", world.namespaces());
    check(
        image.group().map(group -> group.name()).equals(Optional.ofNullable(model.group)),
        "group %s",
        image.group());
    ImageWatch watch = image.watch(() -> {});
    watch.close();
    watch.close();
    check(watch.isClosed(), "%s", watch);
    world.rbd().openAsync(name).thenCompose(Image::closeAsync).join();
  }

  /** Calls that cannot be meant, and change nothing. */
  void hostile(Random random, String name) {
    int way = random.nextInt(8);
    world.doing("hostile arguments for %s, way %d", name, way);
    Image image = world.handle(name);
    switch (way) {
      case 0 -> {
        Arena arena = Arena.ofShared();
        MemorySegment freed = arena.allocate(512);
        arena.close();
        if (image.size() > 0) { // nothing is read at the end
          refused(() -> image.readAt(0, freed), IllegalStateException.class);
          refused(() -> image.async().read(0, freed).join(), IllegalStateException.class);
        }
      }
      case 1 -> {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment confined = arena.allocate(512);
          refused(() -> image.async().read(0, confined).join(), IllegalArgumentException.class);
        }
      }
      case 2 -> {
        MemorySegment readOnly = MemorySegment.ofArray(new byte[512]).asReadOnly();
        refused(() -> image.readAt(0, readOnly), IllegalArgumentException.class);
        refused(() -> image.async().read(0, readOnly).join(), IllegalArgumentException.class);
      }
      case 3 -> {
        AsyncOptions options = AsyncOptions.defaults();
        refused(() -> options.queueDepth(-random.nextInt(3)), IllegalArgumentException.class);
        refused(() -> options.stagingBytes(-1), IllegalArgumentException.class);
        refused(
            () -> options.deadline(Duration.ZERO.minusNanos(1)), IllegalArgumentException.class);
        refused(() -> image.async(null), NullPointerException.class);
      }
      case 4 -> {
        AsyncImage async = image.async(AsyncOptions.defaults().stagingBytes(1 << 20));
        refused(
            () -> async.write(0, MemorySegment.ofArray(new byte[2 << 20])).join(),
            IllegalArgumentException.class);
      }
      case 5 -> {
        int order = random.nextBoolean() ? 1 + random.nextInt(11) : 26 + random.nextInt(200);
        refused(
            task(
                () -> {
                  world.rbd().create("never", 4096, new ImageOptions().order(order));
                }),
            RbdException.class,
            IllegalArgumentException.class);
      }
      case 6 -> {
        IoContext io = world.rbd().ioContext().withNamespace("");
        Rbd rbd = new Rbd(io);
        io.close();
        refused(rbd::list, IllegalStateException.class);
        refused(() -> rbd.open(name), IllegalStateException.class);
        refused(() -> join(rbd, name), IllegalStateException.class);
      }
      default -> {
        Cluster closed = world.closedCluster();
        refused(closed::pools, IllegalStateException.class);
        refused(() -> closed.ioContext("rbd"), IllegalStateException.class);
        closed.close();
      }
    }
  }

  private static Image join(Rbd rbd, String name) throws Exception {
    try {
      return rbd.openAsync(name).get(1, TimeUnit.MINUTES);
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    }
  }

  /** Another cluster has the same pool, and does not know these images. */
  void stranger(Random random, String name, ModelImage model) {
    world.doing("%s in another cluster", name);
    Image image = world.handle(name);
    String id = image.id();
    refused(() -> stranger.open(name), RbdException.class);
    refused(() -> stranger.openById(id), ImageNotFoundException.class);
    refused(
        task(() -> world.rbd().clone(name, "any", stranger, "fuzz", World.options(false))),
        IllegalArgumentException.class);
    refused(
        task(() -> world.addToGroup(stranger.ioContext(), name)), IllegalArgumentException.class);
    if (model.content.length > 0 && random.nextBoolean()) {
      image.flush();
      stranger.create("fuzz", model.content.length);
      try (Image source = world.reader(name);
          Image target = stranger.open("fuzz")) {
        source.copyTo(target, ProgressListener.NONE);
        World.verify("the copy in another cluster", target, model.content);
      }
      stranger.remove("fuzz");
    }
  }
}
