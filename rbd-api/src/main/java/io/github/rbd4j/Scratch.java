package io.github.rbd4j;

import io.github.rbd4j.bindings.iovec;
import io.github.rbd4j.internal.NativeMemory;
import io.github.rbd4j.internal.SegmentLifetime;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The native memory that belongs to one asynchronous operation: copies of what librbd must not be
 * given itself, the vectors of pieces, what librbd stores. How much it takes is known before the
 * operation begins; it is allocated when the operation is started, and freed when librbd is done.
 */
final class Scratch {
  /** That of the operations which need none; nothing is reserved in it. */
  static final Scratch NONE = new Scratch();

  private static final long ALIGNMENT = 16;

  private long size;
  private MemorySegment block = MemorySegment.NULL;

  /** How much memory this takes. */
  long size() {
    return size;
  }

  /** Allocates it, once all is reserved. */
  void allocate() {
    if (size > 0) {
      block = NativeMemory.allocate(size);
    }
  }

  /** Frees it. Nothing may use it any more. */
  void free() {
    if (size > 0) {
      NativeMemory.free(block);
    }
  }

  private long reserve(long bytes) {
    long offset = size;
    long atLeastOne = Math.max(bytes, 1); // so that librbd never gets a null pointer
    size = Math.addExact(size, Math.addExact(atLeastOne, ALIGNMENT - 1) & -ALIGNMENT);
    return offset;
  }

  /** Reserves a number that librbd stores. */
  StoredLong number() {
    return new StoredLong(reserve(ValueLayout.JAVA_LONG.byteSize()));
  }

  /** Takes memory of the caller, which librbd is given itself if nobody can free it meanwhile. */
  Piece piece(MemorySegment memory) {
    boolean direct = SegmentLifetime.isManaged(memory);
    return new Piece(memory, direct ? -1 : reserve(memory.byteSize()));
  }

  /** Takes memory of the caller of which librbd is given a copy in any case. */
  Piece copied(MemorySegment memory) {
    return new Piece(memory, reserve(memory.byteSize()));
  }

  /** Takes several pieces, and reserves the vector that names them. */
  Vector vector(List<MemorySegment> memory) {
    return new Vector(
        memory.stream().map(this::piece).toList(), reserve(iovec.sizeof() * memory.size()));
  }

  /** A number. */
  final class StoredLong {
    private final long offset;

    private StoredLong(long offset) {
      this.offset = offset;
    }

    MemorySegment pointer() {
      return block.asSlice(offset, ValueLayout.JAVA_LONG.byteSize());
    }

    long get() {
      return block.get(ValueLayout.JAVA_LONG, offset);
    }
  }

  /** A piece of memory. */
  final class Piece {
    private final MemorySegment memory;
    private final long offset;

    private Piece(MemorySegment memory, long offset) {
      this.memory = memory;
      this.offset = offset;
    }

    private boolean isDirect() {
      return offset < 0;
    }

    /** What librbd is given to fill. */
    MemorySegment target() {
      return isDirect() ? memory : block.asSlice(offset, memory.byteSize());
    }

    /** What librbd is given to read. */
    MemorySegment source() {
      return isDirect() ? memory : target().copyFrom(memory);
    }

    /** Gives the caller what librbd has filled. */
    void deliver(long count) {
      if (!isDirect()) {
        MemorySegment.copy(block, offset, memory, 0, Math.min(count, memory.byteSize()));
      }
    }
  }

  /** Several pieces. */
  final class Vector {
    private final List<Piece> pieces;
    private final long offset;

    private Vector(List<Piece> pieces, long offset) {
      this.pieces = pieces;
      this.offset = offset;
    }

    int count() {
      return pieces.size();
    }

    /** What librbd is given to fill. */
    MemorySegment targets() {
      return pointer(pieces.stream().map(Piece::target).toList());
    }

    /** What librbd is given to read. */
    MemorySegment sources() {
      return pointer(pieces.stream().map(Piece::source).toList());
    }

    private MemorySegment pointer(List<MemorySegment> memory) {
      MemorySegment array = block.asSlice(offset, iovec.sizeof() * memory.size());
      for (int i = 0; i < memory.size(); i++) {
        MemorySegment entry = iovec.asSlice(array, i);
        iovec.iov_base(entry, memory.get(i));
        iovec.iov_len(entry, memory.get(i).byteSize());
      }
      return array;
    }

    /** Gives the caller what librbd has filled, one piece after the other. */
    void deliver(long count) {
      long left = count;
      for (Piece piece : pieces) {
        if (left <= 0) {
          return;
        }
        piece.deliver(left);
        left -= piece.memory.byteSize();
      }
    }
  }
}
