package io.github.rbd4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which memory librbd may be given after a call has returned. */
class SegmentLifetimeTest {
  private static void assertManaged(MemorySegment segment) {
    assertThat(SegmentLifetime.isManaged(segment)).isTrue();
    assertThat(SegmentLifetime.isManaged(segment.asSlice(1, 2))).isTrue();
    assertThat(SegmentLifetime.isManaged(segment.asReadOnly())).isTrue();
    assertThat(SegmentLifetime.isManaged(MemorySegment.ofBuffer(segment.asByteBuffer()))).isTrue();
    assertThat(SegmentLifetime.isConfined(segment)).isFalse();
  }

  private static void assertNotManaged(MemorySegment segment) {
    assertThat(SegmentLifetime.isManaged(segment)).isFalse();
    assertThat(SegmentLifetime.isManaged(segment.asSlice(1, 2))).isFalse();
    ByteBuffer view = segment.asByteBuffer();
    assertThat(SegmentLifetime.isManaged(MemorySegment.ofBuffer(view))).isFalse();
    assertThat(SegmentLifetime.isManaged(MemorySegment.ofBuffer(view.slice(1, 2)))).isFalse();
    assertThat(SegmentLifetime.isManaged(MemorySegment.ofBuffer(view.duplicate()))).isFalse();
  }

  @Test
  void whatNobodyCanFreeIsUsedItself() {
    assertManaged(Arena.global().allocate(8));
    assertManaged(Arena.ofAuto().allocate(8));
    ByteBuffer direct = ByteBuffer.allocateDirect(8);
    assertManaged(MemorySegment.ofBuffer(direct));
    assertManaged(MemorySegment.ofBuffer(direct.slice(2, 4)));
    assertManaged(MemorySegment.ofBuffer(direct.duplicate().asReadOnlyBuffer()));
  }

  @Test
  void aMappedFileCanBecomeShorterAndIsNot(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("file"), new byte[8]);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 8);
      assertNotManaged(MemorySegment.ofBuffer(mapped));
      try (Arena arena = Arena.ofShared()) {
        assertNotManaged(channel.map(FileChannel.MapMode.READ_WRITE, 0, 8, arena));
      }
    }
  }

  @Test
  void whatCanBeFreedIsNot() {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      assertNotManaged(confined.allocate(8));
      assertNotManaged(shared.allocate(8));
      assertThat(SegmentLifetime.isConfined(confined.allocate(8))).isTrue();
      assertThat(SegmentLifetime.isConfined(shared.allocate(8))).isFalse();
    }
  }

  @Test
  void theHeapIsNoNativeMemory() {
    assertNotManaged(MemorySegment.ofArray(new byte[8]));
    assertThat(SegmentLifetime.isManaged(MemorySegment.ofBuffer(ByteBuffer.allocate(8)))).isFalse();
  }
}
