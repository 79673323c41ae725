package io.github.rbd4j.tests.fuzz;

import static io.github.rbd4j.tests.fuzz.World.check;
import static io.github.rbd4j.tests.fuzz.World.get;
import static io.github.rbd4j.tests.fuzz.World.refused;
import static io.github.rbd4j.tests.fuzz.World.task;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.Migration;
import io.github.rbd4j.MigrationState;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.QuiesceWatch;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.group.Group;
import io.github.rbd4j.group.GroupSnapshot;
import io.github.rbd4j.tests.Await;
import io.github.rbd4j.transfer.DiffFormat;
import io.github.rbd4j.transfer.DiffRange;
import io.github.rbd4j.transfer.ImageExporter;
import io.github.rbd4j.transfer.ImageImporter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;

/** What acts on images as a whole: upkeep, moves, snapshots of groups, differences. */
final class WholeImages {
  private final World world;

  WholeImages(World world) {
    this.world = world;
  }

  private static ProgressListener listener(boolean cancelling) {
    return cancelling
        ? (done, total) -> {
          throw new CancellationException("enough");
        }
        : ProgressListener.NONE;
  }

  /** A call that changes no content, whether its listener ends it or not. */
  private static void cancellable(Runnable call) {
    try {
      call.run();
    } catch (CancellationException e) {
      check("enough".equals(e.getMessage()), "cancelled by %s", e);
    }
  }

  private static void write(Random random, Image image, ModelImage model) {
    int offset = random.nextInt(model.content.length + 1);
    byte[] data = new byte[random.nextInt(model.content.length - offset + 1)];
    random.nextBytes(data);
    image.writeAt(offset, data);
    model.write(offset, data);
  }

  void sparsify(Random random, String name, ModelImage model) {
    long size = random.nextInt(4) == 0 ? Hostile.offset(random, 65536) : 4096L << random.nextInt(5);
    boolean cancelling = random.nextInt(4) == 0;
    world.doing("sparsify %s by %d, cancelling %b", name, size, cancelling);
    Image image = world.handle(name);
    if (size < 4096 || size > 65536 || Long.bitCount(size) != 1) {
      refused(
          task(() -> image.sparsify(size)),
          IllegalArgumentException.class,
          InvalidRequestException.class);
      return;
    }
    cancellable(() -> image.sparsify(size, listener(cancelling)));
    model.changes++; // in which objects is up to librbd
    World.verify(name, image, model.content);
  }

  void rebuildObjectMap(Random random, String name, ModelImage model) {
    boolean cancelling = random.nextInt(4) == 0;
    world.doing("rebuild the object map of %s, cancelling %b", name, cancelling);
    Image image = world.handle(name);
    if (!model.exclusiveLock) {
      refused(task(image::rebuildObjectMap), InvalidRequestException.class);
      return;
    }
    cancellable(() -> image.rebuildObjectMap(listener(cancelling)));
    if (cancelling) {
      image.rebuildObjectMap();
    }
    check(image.flags().isEmpty(), "flags %s", image.flags());
    model.changes++;
    World.verify(name, image, model.content);
  }

  /** Takes features away and gives them back. */
  void features(Random random, String name, ModelImage model) {
    boolean journal = random.nextBoolean();
    world.doing("features of %s, journal %b", name, journal);
    Image image = world.handle(name);
    if (!model.exclusiveLock) {
      refused(
          task(() -> image.updateFeatures(EnumSet.of(Feature.JOURNALING), true)),
          InvalidRequestException.class);
      return;
    }
    EnumSet<Feature> changing =
        journal
            ? EnumSet.of(Feature.JOURNALING)
            : EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF);
    image.updateFeatures(changing, journal);
    write(random, image, model);
    World.verify(name, image, model.content);
    image.updateFeatures(changing, !journal);
    check(!image.features().contains(Feature.JOURNALING), "%s", image.features());
    if (!journal) {
      image.rebuildObjectMap();
    }
    model.changes++;
    World.verify(name, image, model.content);
  }

  void config(Random random, String name, ModelImage model) {
    String option =
        random.nextInt(4) == 0 ? Hostile.newName(random) : "rbd_readahead_trigger_requests";
    boolean remove = random.nextBoolean();
    world.doing("configuration %s of %s, remove %b", option, name, remove);
    Image image = world.handle(name);
    String value = String.valueOf(1 + random.nextInt(100));
    Runnable call =
        remove ? () -> image.removeConfig(option) : () -> image.setConfig(option, value);
    if (!"rbd_readahead_trigger_requests".equals(option)) {
      refused(
          task(call),
          NullPointerException.class,
          IllegalArgumentException.class,
          RbdException.class);
    } else if (!remove) {
      call.run();
      model.metadata.put("conf_" + option, value);
    } else if (model.metadata.remove("conf_" + option) == null) {
      refused(task(call), ObjectNotFoundException.class);
    } else {
      call.run();
    }
    check(image.metadata().equals(model.metadata), "metadata %s", image.metadata().keySet());
  }

  /** Moves an image, which is used meanwhile; or gives that up. */
  void migrate(Random random, String name, ModelImage model) {
    String to = random.nextInt(4) == 0 ? name : Hostile.newName(random);
    boolean inUse = random.nextInt(4) == 0;
    world.doing("migrate %s to %s, in use %b", name, to, inUse);
    if (!model.locks.isEmpty()
        || model.flattened
        || model.group != null
        || model.snapshots.values().stream().anyMatch(snap -> snap.children > 0)) {
      return;
    }
    Migration migration = world.rbd().migration();
    Runnable prepare = () -> migration.prepare(name, world.rbd(), to, new ImageOptions());
    if (inUse) {
      world.handle(name).size();
      if (to != null && world.isFree(to)) {
        refused(task(prepare), ImageBusyException.class);
      }
      return;
    }
    world.forget(name);
    if (!name.equals(to) && (to == null || !world.isFree(to))) {
      refused(
          task(prepare),
          NullPointerException.class,
          IllegalArgumentException.class,
          ImageExistsException.class,
          RbdException.class);
      return;
    }
    prepare.run();
    check(migration.status(to).state() == MigrationState.PREPARED, "%s", migration.status(to));
    try (Image image = world.rbd().open(to)) {
      World.verify(to, image, model.content);
      if (random.nextBoolean()) {
        write(random, image, model);
      }
      World.verify(to, image, model.content);
      if (random.nextInt(4) == 0) {
        refused(task(() -> migration.commit(to)), RbdException.class);
      }
    }
    boolean execute = random.nextInt(4) != 0;
    world.doing("%s, execute %b", world.doing(), execute);
    if (execute) {
      cancellable(() -> migration.execute(to, listener(random.nextInt(4) == 0)));
      check(migration.status(to).state() == MigrationState.EXECUTED, "%s", migration.status(to));
    }
    if (!execute || random.nextInt(3) == 0) {
      world.doing("%s, abort", world.doing());
      migration.abort(to); // and what was written to the target is written to the source
    } else {
      world.doing("%s, commit", world.doing());
      migration.commit(to);
      world.renamed(name, to);
      try (Image image = world.rbd().open(to)) {
        model.snapshots.replaceAll(
            (snapshot, snap) -> {
              ModelImage.Snap moved =
                  new ModelImage.Snap(image.snapshot(snapshot).id(), snap.content, snap.changes);
              moved.isProtected = image.snapshot(snapshot).isProtected();
              return moved;
            });
      }
    }
    model.changes++;
  }

  /** Takes a snapshot of all members of a group, goes on, and perhaps goes back. */
  void groupSnapshot(Random random, String group, Map<String, ModelImage> members) {
    String snapshot = Hostile.newName(random);
    world.doing("snapshot %s of group %s with %s", snapshot, group, members.keySet());
    Group it = world.groups().group(group);
    Runnable create = () -> it.createSnapshot(snapshot);
    if (snapshot == null || Hostile.isImpossible(snapshot) || Hostile.isRefused(snapshot)) {
      refused(task(create), NullPointerException.class, IllegalArgumentException.class);
      return;
    }
    if (Hostile.isTooLong(snapshot)) {
      return;
    }
    for (String member : members.keySet()) {
      world.handle(member).flush();
    }
    create.run();
    List<String> names = it.snapshots().stream().map(GroupSnapshot::name).toList();
    check(names.equals(List.of(snapshot)), "snapshots %s", names);
    refused(task(create), RbdException.class);
    Map<String, byte[]> before = new TreeMap<>();
    members.forEach((name, model) -> before.put(name, model.content.clone()));
    for (Map.Entry<String, ModelImage> member : members.entrySet()) {
      if (random.nextBoolean()) {
        write(random, world.handle(member.getKey()), member.getValue());
      }
      if (random.nextInt(4) == 0) {
        int size = random.nextInt(300_000);
        world.handle(member.getKey()).resize(size, true);
        member.getValue().resize(size);
      }
    }
    String now = random.nextBoolean() ? snapshot : snapshot + "2";
    if (!now.equals(snapshot)) {
      it.renameSnapshot(snapshot, now);
      refused(task(() -> it.rollback(snapshot)), ObjectNotFoundException.class);
    }
    if (random.nextBoolean()) {
      world.doing("%s, roll back", world.doing());
      it.rollback(now);
      members.forEach(
          (name, model) -> {
            model.content = before.get(name);
            model.changes++;
            World.verify(name, world.handle(name), model.content);
          });
    }
    it.removeSnapshot(now);
    members.values().forEach(model -> model.snapshotsRemoved = true);
    check(it.snapshots().isEmpty(), "left %s", it.snapshots());
  }

  /** A listener that is told of a snapshot, and may fail. */
  void quiesce(Random random, String name, ModelImage model) {
    boolean failing = random.nextInt(3) == 0;
    world.doing("quiesce %s, failing %b", name, failing);
    if (model.snapshots.containsKey("quiesced")) {
      return;
    }
    AtomicInteger quiesced = new AtomicInteger();
    AtomicInteger resumed = new AtomicInteger();
    QuiesceListener listener =
        new QuiesceListener() {
          @Override
          public void quiesce() {
            quiesced.incrementAndGet();
            if (failing) {
              throw new IllegalStateException("not now");
            }
          }

          @Override
          public void unquiesce() {
            resumed.incrementAndGet();
          }
        };
    Image image = world.handle(name);
    try (Image watched = world.rbd().open(name);
        QuiesceWatch watch = watched.watchQuiesce(listener, Duration.ofMinutes(1))) {
      if (failing) {
        refused(() -> image.createSnapshot("quiesced"), RbdException.class);
      } else {
        image.createSnapshot("quiesced");
        image.snapshot("quiesced").remove();
        model.snapshotsRemoved = true;
      }
      check(quiesced.get() > 0, "not asked");
      if (!failing) {
        Await.until("writing may go on", () -> resumed.get() > 0);
      }
      check(!watch.isClosed(), "%s", watch);
    }
  }

  /** Another image with what a snapshot has becomes what this one is, by a difference. */
  void transferDiff(Random random, String name, ModelImage model) {
    String from = random.nextInt(4) == 0 ? null : Hostile.name(random, model.snapshots.keySet());
    String to = Hostile.newName(random);
    DiffFormat format = random.nextBoolean() ? DiffFormat.V1 : DiffFormat.V2;
    boolean whole = random.nextBoolean();
    world.doing("difference of %s since %s into %s, %s, whole %b", name, from, to, format, whole);
    world.handle(name).flush();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageExporter exporter = new ImageExporter(world.rbd());
    ModelImage.Snap base = from == null ? null : model.snapshots.get(from);
    if (from != null && base == null) {
      refused(
          () -> {
            exporter.diff(name, DiffRange.between(from, null), Channels.newChannel(bytes));
            return null;
          },
          IllegalArgumentException.class,
          RbdException.class);
      return;
    }
    if (to == null || !world.isFree(to)) {
      return;
    }
    get(
        () -> {
          DiffRange range = DiffRange.between(from, null).format(format).wholeObjects(whole);
          exporter.diff(name, range, Channels.newChannel(bytes));
          return null;
        });
    byte[] diff = bytes.toByteArray();
    ModelImage copied =
        new ModelImage(base == null ? new byte[0] : base.content.clone(), random.nextBoolean());
    world.rbd().create(to, copied.content.length, World.options(copied.exclusiveLock));
    world.add(to, copied);
    if (base != null) {
      try (Image image = world.rbd().open(to)) {
        image.writeAt(0, copied.content);
        image.createSnapshot(from);
        copied.changes++;
        copied.snapshots.put(
            from, new ModelImage.Snap(image.snapshot(from).id(), base.content, copied.changes));
      }
    }
    ImageImporter importer = new ImageImporter(world.rbd());
    if (random.nextInt(4) == 0 && base != null) { // cut off, and the image is what it was
      byte[] part = Arrays.copyOf(diff, random.nextInt(diff.length));
      refused(
          () -> importer.diff(Channels.newChannel(new ByteArrayInputStream(part)), to),
          IOException.class);
      copied.changes++;
      return;
    }
    get(() -> importer.diff(Channels.newChannel(new ByteArrayInputStream(diff)), to));
    copied.content = model.content.clone();
    copied.changes++;
  }

  /** Encryption that cannot be loaded leaves an image as it is; seldom, for a key takes seconds. */
  void encryption(Random random, String name, ModelImage model) {
    boolean one = random.nextBoolean();
    boolean whole = random.nextInt(6) == 0;
    world.doing("encryption of %s, LUKS1 %b, whole %b", name, one, whole);
    byte[] passphrase = new byte[1 + random.nextInt(40)];
    random.nextBytes(passphrase);
    try (EncryptionFormat format = format(one, passphrase)) {
      try (Image image = world.rbd().open(name)) {
        Encryption encryption = new Encryption(image);
        refused(task(() -> encryption.load(format)), RbdException.class);
        refused(task(() -> encryption.format(format)), RbdException.class);
        World.verify(name, image, model.content);
      }
      if (whole && world.isFree("x".repeat(61))) {
        encrypted(random, "x".repeat(61), format, one);
      }
    }
  }

  private static EncryptionFormat format(boolean one, byte[] passphrase) {
    return one
        ? EncryptionFormat.luks1(EncryptionAlgorithm.AES256, passphrase)
        : EncryptionFormat.luks2(EncryptionAlgorithm.AES128, passphrase);
  }

  private void encrypted(Random random, String name, EncryptionFormat format, boolean one) {
    world.rbd().create(name, 20 << 20);
    byte[] data = new byte[100_000];
    random.nextBytes(data);
    int offset = random.nextInt(3 << 20);
    try (Image image = world.rbd().open(name)) {
      new Encryption(image).format(format);
      check(image.size() == (one ? 16 << 20 : 4 << 20), "size %d", image.size());
      image.writeAt(offset, data);
    }
    List<byte[]> seen = new ArrayList<>();
    for (boolean right : List.of(false, true)) {
      try (Image image = world.rbd().open(name)) {
        if (right) {
          new Encryption(image).load(format);
        }
        byte[] read = new byte[data.length];
        image.readAt(offset, read);
        seen.add(read);
      }
    }
    check(!Arrays.equals(seen.getFirst(), data), "not encrypted");
    check(Arrays.equals(seen.getLast(), data), "decrypted wrongly");
    world.rbd().remove(name);
  }
}
