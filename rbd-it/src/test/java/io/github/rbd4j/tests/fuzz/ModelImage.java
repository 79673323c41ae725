package io.github.rbd4j.tests.fuzz;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What an image should be. */
final class ModelImage {
  /** A snapshot: what the image was. */
  static final class Snap {
    final long id;
    final byte[] content;
    boolean isProtected;

    /** How many clones still depend on it. */
    int children;

    /** How often the image had been changed. */
    final long changes;

    Snap(long id, byte[] content, long changes) {
      this.id = id;
      this.content = content;
      this.changes = changes;
    }
  }

  byte[] content;

  /** How often its data was changed, or may have been. */
  long changes;

  final boolean exclusiveLock;
  final Map<String, Snap> snapshots = new LinkedHashMap<>();
  final TreeMap<String, String> metadata = new TreeMap<>();
  final TreeSet<String> locks = new TreeSet<>();

  /** The snapshot that it was cloned from, while it or one of its snapshots needs that; or null. */
  Snap parent;

  /** Only snapshots of it still need the parent. */
  boolean flattened;

  /** A snapshot was removed, and may still be in the OSDs. */
  boolean snapshotsRemoved;

  /** The group that it is in, or null. */
  String group;

  ModelImage(byte[] content, boolean exclusiveLock) {
    this.content = content;
    this.exclusiveLock = exclusiveLock;
  }

  void resize(int size) {
    changes++;
    content = Arrays.copyOf(content, size);
  }

  void write(int offset, byte[] data) {
    changes++;
    System.arraycopy(data, 0, content, offset, data.length);
  }

  void rollBackTo(Snap snap) {
    changes++;
    content = snap.content.clone();
  }

  void fill(int offset, int length, byte[] pattern) {
    changes++;
    for (int i = 0; i < length; i++) {
      content[offset + i] = pattern[i % pattern.length];
    }
  }
}
