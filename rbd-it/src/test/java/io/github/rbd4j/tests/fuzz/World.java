package io.github.rbd4j.tests.fuzz;

import io.github.rbd4j.ArgumentOutOfRangeException;
import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.GroupNotFoundException;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.ImageSpec;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotInfo;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.TrashEntry;
import io.github.rbd4j.group.GroupImage;
import io.github.rbd4j.group.Groups;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/**
 * A namespace of a pool, and the model of what is in it. A step is one random call; its result is
 * compared with the model, which then changes as the image should have.
 */
final class World implements AutoCloseable {
  private static final int MAX_SIZE = 512 << 10;
  private static final int ORDER = 16;
  private static final List<String> GROUPS = List.of("g", "grüppe");

  private final IoContext io;
  private final Rbd rbd;
  private final Rbd foreign;
  private final Groups groups;
  private final Map<String, ModelImage> images = new TreeMap<>();
  private final Map<String, ModelImage> trash = new HashMap<>();
  private final TreeSet<String> modelGroups = new TreeSet<>();
  private final Map<String, Image> open = new HashMap<>();
  private final Image closed;
  private final Cluster closedCluster;
  private final Forms forms;
  private final WholeImages whole;
  private final String namespace;
  private String doing = "";

  /**
   * Makes an empty world.
   *
   * @param other another connection to the same cluster
   * @param stranger a connection to another cluster
   * @param closedCluster a connection that is closed
   */
  World(Cluster cluster, Cluster other, Rbd stranger, Cluster closedCluster, String namespace) {
    this.namespace = namespace;
    this.closedCluster = closedCluster;
    this.forms = new Forms(this, stranger);
    this.whole = new WholeImages(this);
    try (IoContext pool = cluster.ioContext("rbd")) {
      new Rbd(pool).namespaces().create(namespace);
    }
    io = cluster.ioContext("rbd", namespace);
    rbd = new Rbd(io);
    foreign = new Rbd(other.ioContext("rbd", namespace));
    groups = new Groups(io);
    rbd.create("closed", 4096);
    closed = rbd.open("closed");
    closed.close();
    rbd.remove("closed");
  }

  Forms forms() {
    return forms;
  }

  WholeImages whole() {
    return whole;
  }

  Groups groups() {
    return groups;
  }

  Rbd rbd() {
    return rbd;
  }

  String namespace() {
    return namespace;
  }

  List<String> namespaces() {
    return rbd.namespaces().list();
  }

  Cluster closedCluster() {
    return closedCluster;
  }

  void addToGroup(IoContext pool, String name) {
    groups.group(GROUPS.getFirst()).addImage(pool, name);
  }

  /** A handle of its own, for reading. */
  Image reader(String name) {
    return rbd.openReadOnly(name);
  }

  /** Whether something new can have that name. */
  boolean isFree(String name) {
    return !Hostile.isImpossible(name)
        && !Hostile.isRefused(name)
        && !Hostile.isTooLong(name)
        && !images.containsKey(name);
  }

  /** An image was made. */
  void add(String name, ModelImage model) {
    images.put(name, model);
  }

  /** An image has another name. */
  void renamed(String name, String to) {
    images.put(to, images.remove(name));
  }

  /** The names of the images, in the trash or not, that were cloned from one and not flattened. */
  List<String> childrenOf(ModelImage parent) {
    return images.entrySet().stream()
        .filter(entry -> parent.snapshots.containsValue(entry.getValue().parent))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** What the last step called. */
  String doing() {
    return doing;
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  void doing(String format, Object... arguments) {
    String text = String.format(format, arguments);
    doing = text.length() > 200 ? text.substring(0, 200) + "..." : text;
  }

  // ---------------------------------------------------------------------------------- checking

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  static void check(boolean condition, String what, Object... arguments) {
    if (!condition) {
      throw new AssertionError(String.format(what, arguments));
    }
  }

  /** The call must fail in one of these ways; the subclasses count, too. */
  static void refused(Callable<?> call, Class<?>... expected) {
    Throwable thrown = null;
    Object result = null;
    try {
      result = call.call();
    } catch (CompletionException e) {
      thrown = e.getCause();
    } catch (Throwable e) { // looked at below
      thrown = e;
    }
    if (thrown == null) {
      throw new AssertionError("gave " + result + " instead of " + Arrays.toString(expected));
    }
    Throwable failure = thrown;
    if (Arrays.stream(expected).noneMatch(type -> type.isInstance(failure))) {
      throw new AssertionError("threw instead of " + Arrays.toString(expected), failure);
    }
  }

  static Callable<Void> task(Runnable call) {
    return () -> {
      call.run();
      return null;
    };
  }

  /** Makes a call with a name, which must be refused if the name is impossible. */
  private static boolean refusesName(String name, Runnable call) {
    if (name == null) {
      refused(task(call), NullPointerException.class);
    } else if (Hostile.isImpossible(name)) {
      refused(task(call), IllegalArgumentException.class);
    } else {
      return false;
    }
    return true;
  }

  /** The same for the name of something new; a snapshot's can be of any length. */
  private static boolean refusesNewSnapshot(String name, Runnable call) {
    if (refusesName(name, call)) {
      return true;
    }
    if (Hostile.isRefused(name)) {
      refused(task(call), IllegalArgumentException.class);
      return true;
    }
    return false;
  }

  private static boolean refusesNewName(String name, Runnable call) {
    if (refusesNewSnapshot(name, call)) {
      return true;
    }
    if (Hostile.isTooLong(name)) {
      refused(task(call), ArgumentOutOfRangeException.class, InvalidRequestException.class);
      return true;
    }
    return false;
  }

  private static String pick(Random random, Collection<String> names) {
    return names.stream().skip(random.nextInt(names.size())).findFirst().orElseThrow();
  }

  Image handle(String name) {
    return open.computeIfAbsent(name, rbd::open);
  }

  void forget(String name) {
    Image image = open.remove(name);
    if (image != null) {
      image.close();
    }
  }

  // ------------------------------------------------------------------------------------- steps

  /** One call, which follows from what was drawn and from what is there. */
  void step(Step.Drawn drawn) {
    Random random = new Random(drawn.seed());
    if (images.isEmpty()) {
      create(random);
    } else {
      String name = pick(random, images.keySet());
      drawn.step().call.on(this, random, name, images.get(name));
    }
  }

  void create(Random random) {
    String name = Hostile.newName(random);
    long size =
        random.nextInt(10) == 0
            ? (random.nextBoolean() ? -1 : Long.MIN_VALUE)
            : random.nextInt(MAX_SIZE) & (random.nextBoolean() ? -1 : -65536);
    boolean lock = random.nextBoolean();
    doing("create %s of %d bytes, exclusive lock %b", name, size, lock);
    Runnable call = () -> create(name, size, lock);
    if (size < 0) {
      refused(task(call), IllegalArgumentException.class, NullPointerException.class);
    } else if (refusesNewName(name, call)) {
      return;
    } else if (images.containsKey(name)) {
      refused(task(call), ImageExistsException.class);
    } else {
      call.run();
      images.put(name, new ModelImage(new byte[(int) size], lock));
    }
  }

  private void create(String name, long size, boolean lock) {
    ImageOptions options = options(lock);
    rbd.create(name, size, options);
  }

  static ImageOptions options(boolean lock) {
    return new ImageOptions()
        .order(ORDER)
        .features(
            lock
                ? EnumSet.of(
                    Feature.LAYERING,
                    Feature.EXCLUSIVE_LOCK,
                    Feature.OBJECT_MAP,
                    Feature.FAST_DIFF,
                    Feature.DEEP_FLATTEN)
                : EnumSet.of(Feature.LAYERING));
  }

  void read(Random random, String name, ModelImage model) {
    long offset = Hostile.offset(random, model.content.length);
    int length = random.nextInt(6) == 0 ? 0 : 1 + random.nextInt(200_000);
    int way = random.nextInt(5);
    doing("read %d bytes at %d of %s, way %d", length, offset, name, way);
    byte[] target = new byte[length];
    Image image = handle(name);
    Callable<Long> call =
        () ->
            switch (way) {
              case 0 -> (long) image.readAt(offset, target);
              case 1 -> (long) image.readAt(offset, ByteBuffer.wrap(target));
              case 2 -> {
                ByteBuffer direct = ByteBuffer.allocateDirect(length);
                long count = image.readAt(offset, direct);
                check(direct.position() == Math.max(0, count), "position %s", direct);
                direct.flip().get(target, 0, direct.limit());
                yield count;
              }
              case 3 -> {
                try (Arena arena = Arena.ofShared()) {
                  MemorySegment segment = arena.allocate(length);
                  long count = image.readAt(offset, segment);
                  MemorySegment.ofArray(target).copyFrom(segment);
                  yield count;
                }
              }
              default -> {
                MemorySegment segment = Arena.ofAuto().allocate(length);
                long count = image.async().read(offset, segment).join();
                MemorySegment.ofArray(target).copyFrom(segment);
                yield count;
              }
            };
    if (offset < 0) {
      refused(call, IllegalArgumentException.class);
      return;
    }
    int size = model.content.length;
    long expected = length == 0 ? 0 : offset >= size ? -1 : Math.min(length, size - offset);
    long count = get(call);
    check(count == expected, "read %d bytes, not %d", count, expected);
    if (count > 0) {
      int from = (int) offset;
      int wrong = Arrays.mismatch(target, 0, (int) count, model.content, from, from + (int) count);
      check(wrong < 0, "wrong byte at %d", offset + wrong);
    }
  }

  static <T> T get(Callable<T> call) {
    try {
      return call.call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Makes a call that changes a range; whether the range is within the image. */
  private static boolean changes(ModelImage model, long offset, long length, Runnable call) {
    int size = model.content.length;
    if (offset < 0 || length < 0 || offset > size || length > size - offset) {
      refused(task(call), IllegalArgumentException.class);
      return false;
    }
    call.run();
    return true;
  }

  void write(Random random, String name, ModelImage model) {
    long offset = Hostile.offset(random, model.content.length);
    int length = random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(100_000);
    if (offset >= 0 && offset < model.content.length && random.nextInt(4) != 0) {
      length = (int) Math.min(length, model.content.length - offset);
    }
    byte[] data = new byte[length];
    random.nextBytes(data);
    int way = random.nextInt(4);
    doing("write %d bytes at %d of %s, way %d", length, offset, name, way);
    Image image = handle(name);
    Runnable call =
        () -> {
          switch (way) {
            case 0 -> image.writeAt(offset, data);
            case 1 -> image.writeAt(offset, ByteBuffer.wrap(data));
            case 2 ->
                image.writeAt(offset, ByteBuffer.allocateDirect(data.length).put(data).flip());
            default -> image.async().write(offset, MemorySegment.ofArray(data)).join();
          }
        };
    if (changes(model, offset, length, call)) {
      model.write((int) offset, data);
    }
  }

  /** Discards keep to the granularity, so that what they leave is certain. */
  void zero(Random random, String name, ModelImage model) {
    int way = random.nextInt(4);
    long offset = Hostile.offset(random, model.content.length);
    long length = Hostile.offset(random, model.content.length);
    if (way < 2 && offset >= 0 && length >= 0) {
      offset &= -4096;
      length &= -4096;
    }
    long at = offset;
    long count = length;
    doing("zero %d bytes at %d of %s, way %d", count, at, name, way);
    Image image = handle(name);
    Runnable call =
        () -> {
          switch (way) {
            case 0 -> image.discard(at, count);
            case 1 -> image.async().discard(at, count).join();
            case 2 -> image.writeZeroes(at, count);
            default -> image.writeZeroes(at, count, true);
          }
        };
    if (changes(model, at, count, call)) {
      model.fill((int) at, (int) count, new byte[1]);
    }
  }

  void writeSame(Random random, String name, ModelImage model) {
    byte[] pattern = new byte[random.nextInt(5) == 0 ? random.nextInt(700) : 512];
    random.nextBytes(pattern);
    long offset = Hostile.offset(random, model.content.length);
    long length =
        random.nextInt(4) == 0
            ? Hostile.offset(random, model.content.length)
            : (long) pattern.length * random.nextInt(40);
    doing("write %d of a pattern of %d at %d of %s", length, pattern.length, offset, name);
    Image image = handle(name);
    Runnable call = () -> image.writeSame(offset, length, pattern);
    if (pattern.length == 0 || length % pattern.length != 0) {
      refused(task(call), IllegalArgumentException.class);
    } else if (changes(model, offset, length, call)) {
      model.fill((int) offset, (int) length, pattern);
    }
  }

  void compareAndWrite(Random random, String name, ModelImage model) {
    int size = model.content.length;
    long offset = Hostile.offset(random, size) & -512;
    if (random.nextInt(10) == 0) {
      offset++;
    }
    int length = 512;
    long at = offset;
    boolean inside = at >= 0 && at <= size && length <= size - at;
    byte[] expected =
        inside ? Arrays.copyOfRange(model.content, (int) at, (int) at + length) : new byte[length];
    int different = random.nextBoolean() ? random.nextInt(length) : -1;
    if (different >= 0) {
      expected[different] ^= 1;
    }
    byte[] replacement = new byte[length];
    random.nextBytes(replacement);
    doing("compare and write at %d of %s, different at %d", at, name, different);
    Image image = handle(name);
    if (!inside) {
      refused(
          () -> image.compareAndWrite(at, expected, replacement), IllegalArgumentException.class);
      return;
    }
    OptionalLong result;
    try {
      result = image.compareAndWrite(at, expected, replacement);
    } catch (InvalidRequestException e) {
      check(at % 512 != 0, "refused within one sector: %s", e);
      return;
    }
    if (different >= 0) {
      check(result.isPresent(), "wrote although there is a difference");
      check(result.getAsLong() == different, "difference at %d", result.getAsLong());
    } else {
      check(result.isEmpty(), "difference at %s where there is none", result);
      model.write((int) at, replacement);
    }
  }

  void resize(Random random, String name, ModelImage model) {
    long size = random.nextInt(8) == 0 ? -1 - random.nextInt(9) : random.nextInt(MAX_SIZE);
    boolean shrink = random.nextInt(4) != 0;
    doing("resize %s to %d, shrink %b", name, size, shrink);
    Image image = handle(name);
    Runnable call = () -> image.resize(size, shrink);
    if (size < 0) {
      refused(task(call), IllegalArgumentException.class);
    } else if (size < model.content.length && !shrink) {
      refused(task(call), InvalidRequestException.class);
    } else {
      call.run();
      model.resize((int) size);
    }
    check(image.size() == model.content.length, "size %d", image.size());
  }

  void createSnapshot(Random random, String name, ModelImage model) {
    String snapshot = Hostile.newName(random);
    doing("create snapshot %s of %s", snapshot, name);
    Image image = handle(name);
    Runnable call = () -> image.createSnapshot(snapshot);
    if (refusesNewSnapshot(snapshot, call)) {
      return;
    }
    if (model.snapshots.containsKey(snapshot)) {
      refused(task(call), SnapshotExistsException.class);
    } else {
      call.run();
      model.snapshots.put(
          snapshot,
          new ModelImage.Snap(image.snapshot(snapshot).id(), model.content.clone(), model.changes));
    }
  }

  void changeSnapshot(Random random, String name, ModelImage model) {
    String snapshot = Hostile.name(random, model.snapshots.keySet());
    int way = random.nextInt(6);
    doing("snapshot %s of %s, way %d", snapshot, name, way);
    Image image = handle(name);
    if (refusesName(snapshot, () -> image.snapshot(snapshot).remove())) {
      return;
    }
    ModelImage.Snap snap = model.snapshots.get(snapshot);
    if (snap == null) {
      refused(
          task(
              () -> {
                switch (way) {
                  case 0, 1 -> image.snapshot(snapshot).remove();
                  case 2 -> image.snapshot(snapshot).rollback();
                  case 3 -> image.snapshot(snapshot).protect();
                  case 4 -> image.snapshot(snapshot).unprotect();
                  default -> image.snapshot(snapshot).rename("renamed");
                }
              }),
          SnapshotNotFoundException.class);
      return;
    }
    switch (way) {
      case 0, 1 -> {
        if (snap.isProtected) {
          refused(task(() -> image.snapshot(snapshot).remove()), ImageBusyException.class);
        } else {
          image.snapshot(snapshot).remove();
          model.snapshots.remove(snapshot);
          model.snapshotsRemoved = true;
        }
      }
      case 2 -> {
        image.snapshot(snapshot).rollback();
        model.rollBackTo(snap);
      }
      case 3 -> {
        if (snap.isProtected) {
          refused(task(() -> image.snapshot(snapshot).protect()), ImageBusyException.class);
        } else {
          image.snapshot(snapshot).protect();
          snap.isProtected = true;
        }
      }
      case 4 -> {
        if (!snap.isProtected) {
          refused(task(() -> image.snapshot(snapshot).unprotect()), InvalidRequestException.class);
        } else if (snap.children > 0) {
          refused(task(() -> image.snapshot(snapshot).unprotect()), ImageBusyException.class);
        } else {
          image.snapshot(snapshot).unprotect();
          snap.isProtected = false;
        }
      }
      default -> {
        String to = Hostile.newName(random);
        doing("%s, to %s", doing, to);
        Runnable call = () -> image.snapshot(snapshot).rename(to);
        if (refusesNewSnapshot(to, call)) {
          return;
        }
        if (model.snapshots.containsKey(to)) {
          refused(task(call), SnapshotExistsException.class);
        } else {
          call.run();
          model.snapshots.remove(snapshot);
          model.snapshots.put(to, snap);
        }
      }
    }
  }

  /** Every byte that differs is in an extent, and what does not exist any more reads as zeros. */
  void diff(Random random, String name, ModelImage model) {
    String since = random.nextBoolean() ? null : Hostile.name(random, model.snapshots.keySet());
    boolean whole = random.nextBoolean();
    doing("diff of %s since %s, whole objects %b", name, since, whole);
    Image image = handle(name);
    ModelImage.Snap snap = since == null ? null : model.snapshots.get(since);
    if (since != null && refusesName(since, () -> image.diff(DiffOptions.since(since)))) {
      return;
    }
    if (since != null && snap == null) {
      refused(() -> image.diff(DiffOptions.since(since)), SnapshotNotFoundException.class);
      return;
    }
    int size = model.content.length;
    int offset = size == 0 ? 0 : random.nextInt(size);
    int length = random.nextBoolean() ? size - offset : random.nextInt(size - offset + 1);
    image.flush();
    List<DiffExtent> extents =
        image.diff(
            (since == null ? DiffOptions.sinceBeginning() : DiffOptions.since(since))
                .range(offset, length)
                .wholeObject(whole));
    byte[] before = Arrays.copyOf(snap == null ? new byte[0] : snap.content, size);
    boolean[] covered = new boolean[size];
    long end = 0;
    for (DiffExtent extent : extents) {
      check(extent.offset() >= end && extent.length() > 0, "extents %s", extents);
      end = extent.offset() + extent.length();
      check(end <= size, "beyond the end: %s", extents);
      for (int i = (int) extent.offset(); i < end; i++) {
        covered[i] = true;
        check(extent.exists() || model.content[i] == 0, "byte %d is there: %s", i, extent);
      }
    }
    boolean same = snap == null ? model.changes == 0 : model.changes == snap.changes;
    check(
        !same || whole || extents.isEmpty(), "differences where nothing was changed: %s", extents);
    for (int i = offset; i < offset + length; i++) {
      check(covered[i] || before[i] == model.content[i], "byte %d changed: %s", i, extents);
    }
  }

  void metadata(Random random, String name, ModelImage model) {
    String key = Hostile.name(random, model.metadata.keySet());
    String value =
        switch (random.nextInt(8)) {
          case 0 -> null;
          case 1 -> "";
          case 2 -> "\0";
          case 3 -> "ß".repeat(30_000);
          default -> "value " + random.nextInt();
        };
    int way = random.nextInt(4);
    doing("metadata %s of %s, way %d, value %s", key, name, way, value);
    Image image = handle(name);
    switch (way) {
      case 0, 1 -> {
        Runnable call = () -> image.setMetadata(key, value);
        if (refusesName(key, () -> image.setMetadata(key, ""))) {
          return;
        }
        if (value == null) {
          refused(task(call), NullPointerException.class);
        } else if (value.indexOf('\0') >= 0) {
          refused(task(call), IllegalArgumentException.class);
        } else if (key.startsWith("conf_")) { // an option that takes a number
          refused(task(call), InvalidRequestException.class);
        } else {
          call.run();
          model.metadata.put(key, value);
        }
      }
      case 2 -> {
        if (refusesName(key, () -> image.metadata(key))) {
          return;
        }
        if (model.metadata.containsKey(key)) {
          String got = image.metadata(key);
          check(got.equals(model.metadata.get(key)), "got %s", got);
        } else {
          refused(() -> image.metadata(key), ObjectNotFoundException.class);
        }
      }
      default -> {
        Runnable call = () -> image.removeMetadata(key);
        if (refusesName(key, call)) {
          return;
        }
        if (model.metadata.remove(key) == null) {
          refused(task(call), ObjectNotFoundException.class);
        } else {
          call.run();
        }
      }
    }
    check(image.metadata().equals(model.metadata), "metadata %s", image.metadata().keySet());
  }

  void lock(Random random, String name, ModelImage model) {
    if (model.exclusiveLock) {
      return; // the lock of the feature is in the way of these
    }
    String cookie = pick(random, List.of("", "c", "käse"));
    boolean unlock = random.nextBoolean();
    doing("%s %s with cookie %s", unlock ? "unlock" : "lock", name, cookie);
    Image image = handle(name);
    Runnable call =
        () -> {
          if (unlock) {
            image.advisoryLocks().unlock(cookie);
          } else {
            image.advisoryLocks().lockShared(cookie, "tag");
          }
        };
    if (unlock != model.locks.contains(cookie)) {
      refused(task(call), ObjectNotFoundException.class, ObjectExistsException.class);
    } else {
      call.run();
      if (unlock) {
        model.locks.remove(cookie);
      } else {
        model.locks.add(cookie);
      }
    }
    Set<String> cookies =
        image.advisoryLocks().list().lockers().stream()
            .map(locker -> locker.cookie())
            .collect(Collectors.toSet());
    check(cookies.equals(model.locks), "locks %s, not %s", cookies, model.locks);
  }

  void rename(Random random) {
    String name = Hostile.name(random, images.keySet());
    String to = Hostile.newName(random);
    doing("rename %s to %s", name, to);
    if (name != null) {
      forget(name);
    }
    Runnable call = () -> rbd.rename(name, to);
    if (refusesName(name, () -> rbd.rename(name, "other"))) {
      return;
    }
    if (Hostile.isImpossible(to) || Hostile.isRefused(to)) {
      refusesNewName(to, call);
    } else if (!images.containsKey(name)) {
      refused(task(call), ImageNotFoundException.class, ArgumentOutOfRangeException.class);
    } else if (Hostile.isTooLong(to)) {
      refused(task(call), ArgumentOutOfRangeException.class);
    } else if (images.containsKey(to)) {
      refused(task(call), ImageExistsException.class, InvalidRequestException.class);
    } else {
      call.run();
      renamed(name, to);
    }
  }

  void remove(Random random) {
    String name = Hostile.name(random, images.keySet());
    boolean inUse = name != null && open.containsKey(name) && random.nextBoolean();
    doing("remove %s, in use %b", name, inUse);
    if (name != null && !inUse) {
      forget(name);
    }
    Runnable call = () -> rbd.remove(name);
    if (refusesName(name, call)) {
      return;
    }
    ModelImage model = images.get(name);
    if (model == null) {
      refused(task(call), ImageNotFoundException.class, ArgumentOutOfRangeException.class);
    } else if (!model.snapshots.isEmpty()) {
      refused(task(call), ImageHasSnapshotsException.class, ImageBusyException.class);
    } else if (inUse) {
      refused(task(call), ImageBusyException.class);
    } else if (model.group != null) {
      refused(task(call), RbdException.class);
    } else {
      call.run();
      gone(images.remove(name));
    }
  }

  private static void gone(ModelImage model) {
    if (model.parent != null) {
      model.parent.children--;
      model.parent = null;
    }
  }

  void cloneImage(Random random, String name, ModelImage model) {
    String snapshot = Hostile.name(random, model.snapshots.keySet());
    String child = Hostile.newName(random);
    boolean lock = random.nextBoolean();
    doing("clone %s@%s to %s", name, snapshot, child);
    Runnable call =
        () -> {
          ImageOptions options = options(lock).cloneFormat(1);
          rbd.clone(name, snapshot, rbd, child, options);
        };
    if (Hostile.isImpossible(snapshot)) {
      refused(task(call), NullPointerException.class, IllegalArgumentException.class);
      return;
    }
    if (Hostile.isImpossible(child) || Hostile.isRefused(child)) {
      refusesNewName(child, call);
      return;
    }
    ModelImage.Snap snap = model.snapshots.get(snapshot);
    if (snap == null
        || !snap.isProtected
        || snap.content.length == 0 // librbd clones nothing of size 0
        || images.containsKey(child)
        || Hostile.isTooLong(child)) {
      refused(task(call), RbdException.class);
    } else {
      call.run();
      ModelImage cloned = new ModelImage(snap.content.clone(), lock);
      cloned.metadata.putAll(model.metadata);
      cloned.parent = snap;
      cloned.changes++; // it shows what the parent has
      snap.children++;
      images.put(child, cloned);
    }
  }

  void flatten(String name, ModelImage model) {
    doing("flatten %s", name);
    Image image = handle(name);
    if (model.parent == null || model.flattened) {
      refused(task(() -> image.flatten(ProgressListener.NONE)), InvalidRequestException.class);
      return;
    }
    image.flatten(ProgressListener.NONE);
    model.changes++;
    if (model.snapshots.isEmpty() || model.exclusiveLock) {
      gone(model);
    }
    model.flattened = true;
  }

  void moveToTrash(Random random, String name, ModelImage model) {
    doing("move %s to the trash", name);
    forget(name);
    if (model.group != null || !model.snapshots.isEmpty()) {
      return;
    }
    String id;
    try (Image image = rbd.openReadOnly(name)) {
      id = image.id();
    }
    rbd.trash().move(name, Duration.ofSeconds(random.nextInt(2) * 3600L));
    trash.put(id, images.remove(name));
    TrashEntry entry = rbd.trash().get(id);
    check(entry.name().equals(name), "trash entry %s", entry);
  }

  void emptyTrash(Random random) {
    if (trash.isEmpty() || random.nextInt(6) == 0) {
      doing("trash with a wrong id");
      refused(task(() -> rbd.trash().restore("nonsense", "x")), RbdException.class);
      refused(
          task(() -> rbd.trash().remove("nonsense", true, ProgressListener.NONE)),
          RbdException.class);
      return;
    }
    String id = pick(random, new TreeSet<>(trash.keySet()));
    String name = Hostile.newName(random);
    if (random.nextBoolean()) {
      doing("remove %s from the trash", id);
      rbd.trash().remove(id, true, ProgressListener.NONE);
      gone(trash.remove(id));
      return;
    }
    doing("restore %s as %s", id, name);
    Runnable call = () -> rbd.trash().restore(id, name);
    if (Hostile.isImpossible(name) || Hostile.isRefused(name) || Hostile.isTooLong(name)) {
      if (!Hostile.isTooLong(String.valueOf(name))) {
        refusesNewName(name, call);
      }
    } else if (images.containsKey(name)) {
      refused(task(call), ImageExistsException.class);
    } else {
      call.run();
      images.put(name, trash.remove(id));
    }
  }

  void group(Random random, String name, ModelImage model) {
    String group = pick(random, GROUPS);
    doing("group %s with %s", group, name);
    if (!modelGroups.contains(group)) {
      refused(task(() -> groups.group(group).addImage(io, name)), RbdException.class);
      groups.create(group);
      modelGroups.add(group);
    }
    if (model.group == null) {
      groups.group(group).addImage(io, name);
      model.group = group;
    } else if (model.group.equals(group)) {
      groups.group(group).removeImage(io, name);
      model.group = null;
    } else {
      refused(task(() -> groups.group(group).addImage(io, name)), RbdException.class);
    }
    forget(name); // what it is in is seen by a new handle
  }

  void snapshotGroup(Random random) {
    if (modelGroups.isEmpty()) {
      doing("snapshot of a missing group");
      refused(task(() -> groups.group("nobody").createSnapshot("s")), GroupNotFoundException.class);
      return;
    }
    String group = pick(random, modelGroups);
    Map<String, ModelImage> members = new TreeMap<>(images);
    members.values().removeIf(model -> !group.equals(model.group));
    whole.groupSnapshot(random, group, members);
  }

  void useClosed(Random random) {
    int way = random.nextInt(8);
    doing("use a closed image, way %d", way);
    refused(
        task(
            () -> {
              switch (way) {
                case 0 -> closed.readAt(0, new byte[1]);
                case 1 -> closed.writeAt(0, new byte[1]);
                case 2 -> closed.snapshots();
                case 3 -> closed.diff(DiffOptions.sinceBeginning());
                case 4 -> closed.async().flush().join();
                case 5 -> closed.resize(1, true);
                case 6 -> closed.createSnapshot("s");
                default -> closed.snapshot("s").id();
              }
            }),
        IllegalStateException.class);
    closed.close();
  }

  /** Into an image that another connection holds. */
  void copy(Random random, String name, ModelImage model) {
    String to = Hostile.newName(random);
    doing("copy %s to %s of another connection", name, to);
    handle(name).flush();
    // A clone is copied only from a handle that cannot own the lock.
    Runnable call =
        () -> {
          ImageOptions options = options(false);
          try (Image image = rbd.openReadOnly(name)) {
            image.copyTo(foreign, to, options, 4096, ProgressListener.NONE);
          }
        };
    if (refusesNewName(to, call)) {
      return;
    }
    if (images.containsKey(to)) {
      refused(task(call), ImageExistsException.class);
      return;
    }
    call.run();
    ModelImage copied = new ModelImage(model.content.clone(), false);
    copied.metadata.putAll(model.metadata);
    copied.changes++; // in which objects is up to librbd
    images.put(to, copied);
    if (random.nextBoolean() && model.content.length > 0) {
      try (Image image = rbd.openReadOnly(name);
          Image target = foreign.open(to)) {
        image.copyTo(target, ProgressListener.NONE);
      }
    }
  }

  void reopen(Random random, String name) {
    doing("reopen %s", name);
    forget(name);
    String other = Hostile.newName(random);
    if (!refusesName(other, () -> rbd.open(other)) && !images.containsKey(other)) {
      refused(
          () -> rbd.open(other), ImageNotFoundException.class, ArgumentOutOfRangeException.class);
    }
  }

  // --------------------------------------------------------------------------------- the whole

  /** Compares everything, through handles of another connection. */
  void verify() {
    doing("look at everything");
    Set<String> names = foreign.list().stream().map(ImageSpec::name).collect(Collectors.toSet());
    check(names.equals(images.keySet()), "images %s, not %s", names, images.keySet());
    Set<String> ids =
        foreign.trash().list().stream().map(TrashEntry::id).collect(Collectors.toSet());
    check(ids.equals(trash.keySet()), "trash %s, not %s", ids, trash.keySet());
    check(Set.copyOf(groups.list()).equals(modelGroups), "groups %s", groups.list());
    for (String group : modelGroups) {
      Set<String> members =
          groups.group(group).images().stream().map(GroupImage::name).collect(Collectors.toSet());
      Set<String> expected =
          images.entrySet().stream()
              .filter(entry -> group.equals(entry.getValue().group))
              .map(Map.Entry::getKey)
              .collect(Collectors.toSet());
      check(members.equals(expected), "group %s has %s, not %s", group, members, expected);
    }
    for (Image image : open.values()) {
      image.flush();
    }
    images.forEach(this::verify);
  }

  private void verify(String name, ModelImage model) {
    try (Image image = foreign.openReadOnly(name)) {
      verify(name, image, model.content);
      Map<Long, String> snapshots =
          image.snapshots().stream()
              .collect(Collectors.toMap(SnapshotInfo::id, SnapshotInfo::name));
      Map<Long, String> expected = new HashMap<>();
      model.snapshots.forEach((snapshot, snap) -> expected.put(snap.id, snapshot));
      check(snapshots.equals(expected), "%s has snapshots %s", name, snapshots);
      check(image.metadata().equals(model.metadata), "%s has other metadata", name);
      check(
          image.parent().isPresent() == (model.parent != null && !model.flattened),
          "parent of %s",
          name);
      model.snapshots.forEach(
          (snapshot, snap) ->
              check(
                  image.snapshot(snapshot).isProtected() == snap.isProtected,
                  "protection of %s@%s",
                  name,
                  snapshot));
    }
    model.snapshots.forEach(
        (snapshot, snap) -> {
          try (Image image = foreign.open(name, OpenOptions.at(snapshot))) {
            verify(name + "@" + snapshot, image, snap.content);
          }
        });
  }

  static void verify(String name, Image image, byte[] expected) {
    check(image.size() == expected.length, "%s has %d bytes", name, image.size());
    byte[] actual = new byte[expected.length];
    if (actual.length > 0) {
      int count = image.readAt(0, actual);
      check(count == actual.length, "read %d bytes of %s", count, name);
    }
    int wrong = Arrays.mismatch(actual, expected);
    check(wrong < 0, "%s differs at %d", name, wrong);
  }

  /** Removes all that is there, in whatever state it is. */
  @Override
  public void close() {
    List.copyOf(open.keySet()).forEach(this::forget);
    for (String group : groups.list()) {
      groups.remove(group);
    }
    for (TrashEntry entry : rbd.trash().list()) {
      rbd.trash().remove(entry.id(), true, ProgressListener.NONE);
    }
    List<String> left = rbd.list().stream().map(ImageSpec::name).toList();
    for (String name : left) {
      try (Image image = rbd.open(name)) {
        if (image.parent().isPresent()) {
          image.flatten(ProgressListener.NONE);
        }
      }
    }
    // A snapshot of a clone keeps the snapshot that it was cloned from.
    for (int i = 0; left.stream().filter(name -> !removeSnapshots(name)).count() > 0; i++) {
      check(i <= left.size(), "snapshots that nothing hangs on cannot be removed");
    }
    left.forEach(rbd::remove);
    forms.cleanUp();
    foreign.ioContext().close();
    IoContext pool = io.withNamespace("");
    io.close();
    try (pool) {
      new Rbd(pool).namespaces().remove(namespace);
    }
  }

  /** Removes those that nothing hangs on; true if there is none left. */
  private boolean removeSnapshots(String name) {
    boolean all = true;
    try (Image image = rbd.open(name)) {
      for (SnapshotInfo snapshot : image.snapshots()) {
        try {
          if (image.snapshot(snapshot.name()).isProtected()) {
            image.snapshot(snapshot.name()).unprotect();
          }
          image.removeSnapshot(snapshot.id());
        } catch (ImageBusyException e) {
          all = false;
        }
      }
    }
    return all;
  }
}
