package io.github.rbd4j.tests.fuzz;

import java.util.Collection;
import java.util.List;
import java.util.Random;

/** Arguments as a careless or malicious caller would choose them. */
final class Hostile {
  private static final List<String> GOOD =
      List.of("a", "b", "c", "d", "gemälde-☃-𝄞", " blank ", "%s%n", "..", "x".repeat(60));

  private Hostile() {}

  /** An offset or length around what an image of that size has. */
  static long offset(Random random, long size) {
    return switch (random.nextInt(16)) {
      case 0 -> 0;
      case 1 -> size - 1;
      case 2 -> size;
      case 3 -> size + 1;
      case 4 -> -1;
      case 5 -> Long.MIN_VALUE;
      case 6 -> Long.MAX_VALUE;
      case 7 -> Long.MAX_VALUE - size;
      case 8 -> 1L << 32;
      case 9 -> random.nextLong(size + 1) & -512;
      default -> random.nextLong(size + 1);
    };
  }

  /** A name for something new. */
  static String newName(Random random) {
    return switch (random.nextInt(24)) {
      case 0 -> null;
      case 1 -> "";
      case 2 -> "n\0ul";
      case 3 -> "ä".repeat(3000);
      case 4 -> "a/b";
      case 5 -> "a@b";
      case 6 -> "half\ud800";
      default -> GOOD.get(random.nextInt(GOOD.size()));
    };
  }

  /** A name of something that is probably there. */
  static String name(Random random, Collection<String> there) {
    return there.isEmpty() || random.nextInt(8) == 0
        ? newName(random)
        : there.stream().skip(random.nextInt(there.size())).findFirst().orElseThrow();
  }

  /** Whether no call may accept such a name. */
  static boolean isImpossible(String name) {
    return name == null || name.isEmpty() || name.indexOf('\0') >= 0 || name.indexOf('\ud800') >= 0;
  }

  /** Whether nothing new may get such a name, beyond those that are impossible. */
  static boolean isRefused(String name) {
    return name.indexOf('/') >= 0 || name.indexOf('@') >= 0;
  }

  /** Whether Ceph finds such a name too long. */
  static boolean isTooLong(String name) {
    return name.length() >= 3000;
  }
}
