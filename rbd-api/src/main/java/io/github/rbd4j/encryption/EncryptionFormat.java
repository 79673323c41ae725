package io.github.rbd4j.encryption;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.rbd_encryption_luks1_format_options_t;
import io.github.rbd4j.bindings.rbd_encryption_luks2_format_options_t;
import io.github.rbd4j.bindings.rbd_encryption_luks_format_options_t;
import io.github.rbd4j.internal.Secret;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A format of encryption with its passphrase. It keeps a copy of the passphrase, which {@link
 * #close()} erases; the caller may erase the original at once. The copy lies outside the Java heap,
 * so that no heap dump shows it.
 */
public final class EncryptionFormat implements AutoCloseable {
  /** The formats of librbd. */
  private enum Kind {
    LUKS1,
    LUKS2,
    LUKS
  }

  private final Kind kind;
  private final @Nullable EncryptionAlgorithm algorithm;
  private final Secret passphrase;

  private EncryptionFormat(Kind kind, @Nullable EncryptionAlgorithm algorithm, Secret passphrase) {
    this.kind = kind;
    this.algorithm = algorithm;
    this.passphrase = passphrase;
  }

  /**
   * LUKS version 1.
   *
   * @param algorithm the cipher; for loading it does not matter
   * @param passphrase the passphrase
   * @return the format; close it when done
   */
  public static EncryptionFormat luks1(EncryptionAlgorithm algorithm, byte[] passphrase) {
    return new EncryptionFormat(Kind.LUKS1, requireKnown(algorithm), Secret.of(passphrase));
  }

  /**
   * LUKS version 1.
   *
   * @param algorithm the cipher; for loading it does not matter
   * @param passphrase the passphrase, which is used in UTF-8
   * @return the format; close it when done
   * @throws IllegalArgumentException if there is half a character (a lone surrogate) in it
   */
  public static EncryptionFormat luks1(EncryptionAlgorithm algorithm, char[] passphrase) {
    return new EncryptionFormat(Kind.LUKS1, requireKnown(algorithm), Secret.of(passphrase));
  }

  /**
   * LUKS version 2.
   *
   * @param algorithm the cipher; for loading it does not matter
   * @param passphrase the passphrase
   * @return the format; close it when done
   */
  public static EncryptionFormat luks2(EncryptionAlgorithm algorithm, byte[] passphrase) {
    return new EncryptionFormat(Kind.LUKS2, requireKnown(algorithm), Secret.of(passphrase));
  }

  /**
   * LUKS version 2.
   *
   * @param algorithm the cipher; for loading it does not matter
   * @param passphrase the passphrase, which is used in UTF-8
   * @return the format; close it when done
   * @throws IllegalArgumentException if there is half a character (a lone surrogate) in it
   */
  public static EncryptionFormat luks2(EncryptionAlgorithm algorithm, char[] passphrase) {
    return new EncryptionFormat(Kind.LUKS2, requireKnown(algorithm), Secret.of(passphrase));
  }

  /**
   * LUKS of whichever version the image has. It can only be loaded, and needs librbd of Ceph 18 or
   * newer.
   *
   * @param passphrase the passphrase
   * @return the format; close it when done
   */
  public static EncryptionFormat luks(byte[] passphrase) {
    return new EncryptionFormat(Kind.LUKS, null, Secret.of(passphrase));
  }

  /**
   * LUKS of whichever version the image has. It can only be loaded, and needs librbd of Ceph 18 or
   * newer.
   *
   * @param passphrase the passphrase, which is used in UTF-8
   * @return the format; close it when done
   * @throws IllegalArgumentException if there is half a character (a lone surrogate) in it
   */
  public static EncryptionFormat luks(char[] passphrase) {
    return new EncryptionFormat(Kind.LUKS, null, Secret.of(passphrase));
  }

  private static EncryptionAlgorithm requireKnown(EncryptionAlgorithm algorithm) {
    if (Objects.requireNonNull(algorithm, "algorithm") == EncryptionAlgorithm.UNKNOWN) {
      throw new IllegalArgumentException("the algorithm is unknown");
    }
    return algorithm;
  }

  boolean canOnlyBeLoaded() {
    return kind == Kind.LUKS;
  }

  /** The number of librbd. */
  int number() {
    return switch (kind) {
      case LUKS1 -> librbd_constants.RBD_ENCRYPTION_FORMAT_LUKS1();
      case LUKS2 -> librbd_constants.RBD_ENCRYPTION_FORMAT_LUKS2();
      case LUKS -> librbd_constants.RBD_ENCRYPTION_FORMAT_LUKS();
    };
  }

  /** The options as the C struct of the format. The passphrase is in memory of its own. */
  NativeOptions toNative(Arena arena) {
    MemorySegment copy = passphrase.copy(arena);
    int cipher = algorithm == null ? 0 : algorithm.value();
    MemorySegment options =
        switch (kind) {
          case LUKS1 -> {
            MemorySegment o = rbd_encryption_luks1_format_options_t.allocate(arena);
            rbd_encryption_luks1_format_options_t.alg(o, cipher);
            rbd_encryption_luks1_format_options_t.passphrase(o, copy);
            rbd_encryption_luks1_format_options_t.passphrase_size(o, copy.byteSize());
            yield o;
          }
          case LUKS2 -> {
            MemorySegment o = rbd_encryption_luks2_format_options_t.allocate(arena);
            rbd_encryption_luks2_format_options_t.alg(o, cipher);
            rbd_encryption_luks2_format_options_t.passphrase(o, copy);
            rbd_encryption_luks2_format_options_t.passphrase_size(o, copy.byteSize());
            yield o;
          }
          case LUKS -> {
            MemorySegment o = rbd_encryption_luks_format_options_t.allocate(arena);
            rbd_encryption_luks_format_options_t.passphrase(o, copy);
            rbd_encryption_luks_format_options_t.passphrase_size(o, copy.byteSize());
            yield o;
          }
        };
    return new NativeOptions(options, copy);
  }

  /**
   * Options in native memory.
   *
   * @param struct the C struct
   * @param passphrase the passphrase that it points to
   */
  record NativeOptions(MemorySegment struct, MemorySegment passphrase) {
    /** Erases the passphrase. */
    void erase() {
      passphrase.fill((byte) 0);
    }
  }

  /** Erases the passphrase. */
  @Override
  public void close() {
    passphrase.erase();
  }

  @Override
  public String toString() {
    return kind + (algorithm == null ? "" : " with " + algorithm);
  }
}
