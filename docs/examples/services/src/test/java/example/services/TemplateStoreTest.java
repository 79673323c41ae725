package example.services;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

@CephTest(pool = CephTest.Pool.PER_METHOD)
class TemplateStoreTest {
  private static final int SIZE = 16 << 20;

  @Test
  void aTemplateLivesAsLongAsDisksHangOnIt(Rbd rbd) throws IOException {
    TemplateStore store = new TemplateStore(rbd);
    byte[] system = new byte[SIZE];
    Arrays.fill(system, (byte) 7);
    store.register("debian", SIZE, Channels.newChannel(new ByteArrayInputStream(system)));

    store.createDisk("debian", "vm-1", 2L * SIZE);
    store.createDisk("debian", "vm-2", SIZE);
    assertEquals(List.of("vm-1", "vm-2"), store.disksOf("debian"));
    assertThrows(ImageBusyException.class, () -> store.delete("debian"));

    store.detach("vm-1");
    assertEquals(List.of("vm-2"), store.disksOf("debian"));
    store.deleteDisk("vm-2");
    store.delete("debian");

    try (Image disk = rbd.open("vm-1")) {
      assertEquals(2L * SIZE, disk.size());
      byte[] content = new byte[SIZE];
      disk.readAt(0, content);
      assertEquals(-1, Arrays.mismatch(system, content));
    }
    assertEquals(List.of("vm-1"), rbd.list().stream().map(image -> image.name()).toList());
  }

  @Test
  void anUploadThatFailsLeavesNothing(Rbd rbd) {
    TemplateStore store = new TemplateStore(rbd);
    InputStream broken =
        new InputStream() {
          private int left = 5 << 20;

          @Override
          public int read() throws IOException {
            if (left-- > 0) {
              return 7;
            }
            throw new IOException("connection reset");
          }
        };
    assertEquals(
        "connection reset",
        assertThrows(
                IOException.class, () -> store.register("debian", SIZE, Channels.newChannel(broken)))
            .getMessage());
    assertEquals(List.of(), rbd.list());
  }
}
