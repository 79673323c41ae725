package io.github.rbd4j.internal;

import io.github.rbd4j.DiffExtent;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Image;
import io.github.rbd4j.IncompleteCopyException;
import io.github.rbd4j.RbdFailure;
import io.github.rbd4j.SnapshotInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares the snapshots of an image with those of a copy that librbd made, see {@link
 * RemovedSnapshots} for why. What changed from one snapshot to the next has to be what changed in
 * the copy; only where it is not, data is read.
 */
public final class CopiedSnapshots {
  /** So much of an image is compared at a time, in bytes; more, if it would be too many times. */
  private static final long WINDOW = 1L << 30;

  private static final int WINDOWS = 1 << 16;

  private static final int BLOCK = 4 << 20;

  private final Operation operation;
  private final Image source;
  private final Image copy;
  private final Map<String, SnapshotInfo> copies;

  /** Compares two images that nobody else uses: they are set to their snapshots. */
  public CopiedSnapshots(Operation operation, Image source, Image copy) {
    this.operation = operation;
    this.source = source;
    this.copy = copy;
    this.copies =
        UserSnapshots.of(copy).stream()
            .filter(snapshot -> !snapshot.name().isEmpty()) // an answer that makes no sense
            .collect(Collectors.toMap(SnapshotInfo::name, Function.identity(), (a, _) -> a));
  }

  /** Throws if a snapshot that both have differs. */
  public void requireSame() {
    @Nullable String before = null;
    for (SnapshotInfo snapshot : UserSnapshots.of(source)) {
      SnapshotInfo copied = copies.get(snapshot.name());
      if (copied != null) {
        source.setSnapshot(snapshot.id());
        copy.setSnapshot(copied.id());
        requireSame(before, snapshot.name());
        before = snapshot.name();
      }
    }
  }

  /** Throws if the copy has a snapshot that the image has no more, so that nothing can tell. */
  public void requireAllThere() {
    List<String> names = UserSnapshots.of(source).stream().map(SnapshotInfo::name).toList();
    for (String name : copies.keySet()) {
      if (!names.contains(name)) {
        throw failure("snapshot " + name + " was removed while it was copied");
      }
    }
  }

  private void requireSame(@Nullable String before, String snapshot) {
    if (source.size() != copy.size()) {
      throw failure("snapshot " + snapshot + " has another size");
    }
    DiffOptions changes =
        (before == null ? DiffOptions.sinceBeginning() : DiffOptions.since(before))
            .includeParent(false);
    long step = Math.max(WINDOW, Long.highestOneBit(source.size() / WINDOWS) << 1);
    Set<Long> windows = new TreeSet<>();
    source.diffIterate(
        changes.wholeObject(true),
        (offset, length, _) -> {
          for (long window = offset / step; window <= (offset + length - 1) / step; window++) {
            windows.add(window);
          }
          return true;
        });
    for (long window : windows) {
      requireSame(changes.range(window * step, step), snapshot);
    }
  }

  private void requireSame(DiffOptions window, String snapshot) {
    List<DiffExtent> changed = source.diff(window);
    List<DiffExtent> copied = copy.diff(window);
    for (boolean exists : new boolean[] {true, false}) {
      for (DiffExtent extent : without(select(changed, exists), select(copied, exists))) {
        requireSameData(extent, snapshot);
      }
    }
  }

  /** Those that exist, or that do not, in the order of their offsets. */
  private static List<DiffExtent> select(List<DiffExtent> extents, boolean exists) {
    return extents.stream()
        .filter(extent -> extent.exists() == exists)
        .sorted(Comparator.comparingLong(DiffExtent::offset))
        .toList();
  }

  /** What of some extents is not covered by others; both are in order. */
  static List<DiffExtent> without(List<DiffExtent> extents, List<DiffExtent> others) {
    List<DiffExtent> left = new ArrayList<>();
    int next = 0;
    for (DiffExtent extent : extents) {
      long at = extent.offset();
      long end = at + extent.length();
      while (next < others.size() && endOf(others.get(next)) <= at) {
        next++;
      }
      for (int i = next; i < others.size() && others.get(i).offset() < end; i++) {
        DiffExtent other = others.get(i);
        if (other.offset() > at) {
          left.add(new DiffExtent(at, other.offset() - at, extent.exists()));
        }
        at = Math.max(at, endOf(other));
      }
      if (at < end) {
        left.add(new DiffExtent(at, end - at, extent.exists()));
      }
    }
    return left;
  }

  private static long endOf(DiffExtent extent) {
    return extent.offset() + extent.length();
  }

  private void requireSameData(DiffExtent extent, String snapshot) {
    try (Arena arena = Arena.ofConfined()) {
      int block = (int) Math.min(extent.length(), BLOCK);
      MemorySegment data = arena.allocate(block);
      MemorySegment copied = arena.allocate(block);
      for (long offset = extent.offset(); offset < endOf(extent); offset += block) {
        long length = Math.min(block, endOf(extent) - offset);
        source.readAt(offset, data.asSlice(0, length));
        copy.readAt(offset, copied.asSlice(0, length));
        long same = data.asSlice(0, length).mismatch(copied.asSlice(0, length));
        if (same >= 0) {
          throw failure("snapshot " + snapshot + " differs at offset " + (offset + same));
        }
      }
    }
  }

  private IncompleteCopyException failure(String detail) {
    return new IncompleteCopyException(
        new RbdFailure(
            operation.name(), operation.subject().describe(operation.object()), 0, detail));
  }
}
