package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A key or a passphrase, until it is erased. It lies outside the Java heap, where the garbage
 * collector would move it and leave the old bytes behind, for whoever dumps the memory.
 */
public final class Secret {
  private static final int MAX_BYTES_OF_CHAR = 3;

  private @Nullable MemorySegment bytes;

  private Secret(MemorySegment bytes) {
    this.bytes = bytes;
  }

  /** Keeps a copy. */
  public static Secret of(byte[] secret) {
    MemorySegment bytes = Arena.ofAuto().allocate(secret.length);
    MemorySegment.copy(secret, 0, bytes, ValueLayout.JAVA_BYTE, 0, secret.length);
    return new Secret(bytes);
  }

  /**
   * Keeps a copy in UTF-8, with no other on the way.
   *
   * @throws IllegalArgumentException if there is half a character in it
   */
  public static Secret of(char[] secret) {
    MemorySegment room = Arena.ofAuto().allocate((long) MAX_BYTES_OF_CHAR * secret.length);
    ByteBuffer encoded = room.asByteBuffer();
    CoderResult result =
        StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(secret), encoded, true);
    if (result.isError()) {
      room.fill((byte) 0);
      throw new IllegalArgumentException("the secret contains half a character (a lone surrogate)");
    }
    return new Secret(room.asSlice(0, encoded.position()));
  }

  /** A copy for one native call, which the caller erases, with a NUL behind it. */
  public synchronized MemorySegment copy(Arena arena) {
    if (bytes == null) {
      throw new IllegalStateException("the secret was erased");
    }
    MemorySegment copy = arena.allocate(bytes.byteSize() + 1);
    return copy.copyFrom(bytes).asSlice(0, bytes.byteSize());
  }

  /** Erases it; more than once does no harm. */
  public synchronized void erase() {
    if (bytes != null) {
      bytes.fill((byte) 0);
      bytes = null;
    }
  }
}
