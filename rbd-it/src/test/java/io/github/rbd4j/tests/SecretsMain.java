package io.github.rbd4j.tests;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.github.rbd4j.Image;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.encryption.Encryption;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.ClusterBuilder;
import io.github.rbd4j.rados.IoContext;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Uses secrets in all ways, shows and throws all that knows them, erases them, and leaves itself to
 * be searched. It makes the secrets of a seed, letter by letter, and forgets them after use, so
 * that it keeps no copy itself.
 */
public final class SecretsMain {
  static final long KEY = 1;
  static final long PASSPHRASE = 2;
  static final long WRONG = 3;
  static final long CONTROL = 4;

  private static final int LENGTH = 40;

  private SecretsMain() {}

  /** The secret of a seed. */
  static char[] derive(long seed) {
    Random random = new Random(seed);
    char[] secret = new char[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      secret[i] = (char) ('a' + random.nextInt(26));
    }
    return secret;
  }

  /** LUKS in one of its versions, with a passphrase in characters or, for the second, in bytes. */
  private static EncryptionFormat format(int version, long seed) {
    char[] passphrase = derive(seed);
    byte[] bytes = new byte[LENGTH];
    try {
      for (int i = 0; i < LENGTH; i++) {
        bytes[i] = (byte) passphrase[i];
      }
      return version == 1
          ? EncryptionFormat.luks1(EncryptionAlgorithm.AES128, passphrase)
          : EncryptionFormat.luks2(EncryptionAlgorithm.AES128, bytes);
    } finally {
      Arrays.fill(passphrase, '\0');
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private static void show(Object... objects) {
    for (Object object : objects) {
      System.out.println(object);
    }
  }

  /** The collector moves what it finds in the heap. */
  private static void collect() {
    System.gc();
    System.gc();
  }

  private static Cluster connect(ClusterBuilder builder, char[] key) {
    try {
      builder.key(key);
    } finally {
      Arrays.fill(key, '\0');
    }
    collect();
    show(builder);
    return builder.connect();
  }

  private static void encrypt(Image image, int version) {
    Encryption encryption = new Encryption(image);
    EncryptionFormat right = format(version, PASSPHRASE);
    try (right) {
      collect();
      show(right, encryption);
      encryption.format(right);
    }
    expectFailure(() -> encryption.load(right)); // the format was closed
  }

  /** What the stub does not refuse, a cluster does. */
  private static void expectFailure(Runnable refused) {
    try {
      refused.run();
      show("anything is good for the stub");
    } catch (RuntimeException e) {
      e.printStackTrace(System.err);
    }
  }

  private static void load(Image image, int version) {
    Encryption encryption = new Encryption(image);
    try (EncryptionFormat wrong = format(version, WRONG);
        EncryptionFormat right = format(version, PASSPHRASE)) {
      collect();
      expectFailure(() -> encryption.load(wrong));
      expectFailure(() -> encryption.load(List.of(wrong, right))); // as of a clone
      encryption.load(right);
    }
  }

  private static void use(Cluster cluster, String image) {
    try (cluster;
        IoContext io = cluster.ioContext("rbd")) {
      Rbd rbd = new Rbd(io);
      for (int version : new int[] {1, 2}) {
        try (Image opened = rbd.open(image)) {
          encrypt(opened, version);
          show(cluster, io, rbd, opened);
        }
        try (Image opened = rbd.open(image)) {
          load(opened, version);
        }
        try (Image opened = rbd.openReadOnly(image);
            EncryptionFormat right = format(version, PASSPHRASE)) {
          expectFailure(() -> new Encryption(opened).format(right));
        }
      }
    }
  }

  /** The key in a keyring, which is mapped into memory and so is never in the heap. */
  private static char[] keyIn(Path keyring) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel file = FileChannel.open(keyring)) {
      MemorySegment text = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
      long start = 0;
      while (text.get(ValueLayout.JAVA_BYTE, start) != '=') {
        start++;
      }
      start += 2;
      int length = 0; // those of Ceph 20 are longer
      while (text.get(ValueLayout.JAVA_BYTE, start + length) > ' ') {
        length++;
      }
      char[] key = new char[length];
      for (int i = 0; i < length; i++) {
        key[i] = (char) text.get(ValueLayout.JAVA_BYTE, start + i);
      }
      return key;
    }
  }

  private static void dump(Path file, boolean live) throws IOException {
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpHeap(file.toString(), live);
  }

  /**
   * {@code stub}, or {@code cluster}, the monitors, a keyring, an image and a folder for dumps. On
   * the stub it stays until it is killed.
   */
  public static void main(String[] arguments) throws Exception {
    char[] chars = derive(CONTROL);
    String string = new String(chars);
    ClusterBuilder builder = Cluster.builder().noConfFile();
    if (arguments[0].equals("stub")) {
      use(connect(builder, derive(KEY)), "image");
    } else {
      builder.monHost(arguments[1]);
      builder.option("log_to_stderr", "true"); // the native log at its highest level
      for (String part : List.of("auth", "monc", "ms", "rados", "rbd")) {
        builder.option("debug_" + part, "30/30");
      }
      char[] wrong = keyIn(Path.of(arguments[2]));
      int last = wrong.length - 5;
      wrong[last] = wrong[last] == 'A' ? 'B' : 'A';
      try {
        connect(builder, wrong).close();
        throw new AssertionError("the key was wrong");
      } catch (RbdException refused) {
        refused.printStackTrace(System.err);
      }
      use(connect(builder, keyIn(Path.of(arguments[2]))), arguments[3]);
      Path folder = Path.of(arguments[4]);
      dump(folder.resolve("all.hprof"), false);
      dump(folder.resolve("live.hprof"), true);
    }
    show(builder, chars.length == string.length() ? "ready" : "");
    if (arguments[0].equals("stub")) {
      Thread.sleep(Long.MAX_VALUE);
    }
    System.out.println(chars.length + string.length()); // they live until here
  }
}
