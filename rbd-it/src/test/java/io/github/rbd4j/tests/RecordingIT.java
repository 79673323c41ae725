package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.it.CephTest;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java Flight Recorder tells what was done to which image, and how long it took. */
@CephTest
class RecordingIT {
  private final Rbd rbd;
  private final String name = Names.unique("recorded");
  private final String fullName = "rbd/" + name;

  RecordingIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @Test
  void everyOperationIsRecorded(@TempDir Path folder) throws Exception {
    rbd.create(name, 1 << 20);
    MemorySegment data = MemorySegment.ofArray(new byte[512]);
    List<RecordedEvent> events =
        Recorded.events(
            folder,
            () -> {
              try (Image image = rbd.open(name)) {
                image.writeAt(4096, new byte[1024]);
                image.readAt(4096, new byte[512]);
                image.discard(0, 65536);
                image.writeZeroes(0, 100);
                image.writeSame(0, 1024, new byte[512]);
                image.compareAndWrite(0, new byte[512], new byte[512]);
                image.flush();
                AsyncImage async = image.async();
                async.write(8192, data).get(30, TimeUnit.SECONDS);
                async.read(8192, data).get(30, TimeUnit.SECONDS);
                async.discard(65536, 65536).get(30, TimeUnit.SECONDS);
                async.writeZeroes(8192, 200, false).get(30, TimeUnit.SECONDS);
                async.writeSame(8192, 1024, data).get(30, TimeUnit.SECONDS);
                async.compareAndWrite(8192, data, data).get(30, TimeUnit.SECONDS);
                async.flush().get(30, TimeUnit.SECONDS);
              }
              try (Image image = rbd.openReadOnly(name)) {
                assertThatThrownBy(() -> image.writeAt(0, new byte[1]))
                    .isInstanceOf(ReadOnlyImageException.class);
              }
              assertThatThrownBy(() -> rbd.open(name + "missing"))
                  .isInstanceOf(ImageNotFoundException.class);
            });
    rbd.remove(name);

    List<RecordedEvent> own =
        events.stream().filter(e -> e.getString("image").startsWith(fullName)).toList();
    assertThat(own)
        .extracting(RecordingIT::describe)
        .containsExactlyInAnyOrder(
            "Open 0 0 ok",
            "Write 4096 1024 ok",
            "Read 4096 512 ok",
            "Discard 0 65536 ok",
            "WriteZeroes 0 100 ok",
            "WriteSame 0 1024 ok",
            "CompareAndWrite 0 512 ok",
            "Flush 0 0 ok",
            "Write 8192 512 ok asynchronous",
            "Read 8192 512 ok asynchronous",
            "Discard 65536 65536 ok asynchronous",
            "WriteZeroes 8192 200 ok asynchronous",
            "WriteSame 8192 1024 ok asynchronous",
            "CompareAndWrite 8192 512 ok asynchronous",
            "Flush 0 0 ok asynchronous",
            "Close 0 0 ok",
            "Open 0 0 ok",
            "Write 0 1 EROFS",
            "Close 0 0 ok",
            "Open 0 0 ENOENT");
    assertThat(own)
        .allSatisfy(
            event -> {
              assertThat(event.getDuration()).isPositive();
              assertThat(event.getStackTrace()).isNull();
            });
  }

  @Test
  void nothingIsRecordedUnlessItIsWanted(@TempDir Path folder) throws Exception {
    rbd.create(name, 1 << 20);
    Path file = folder.resolve("none.jfr");
    try (Recording recording = new Recording();
        Image image = rbd.open(name)) {
      recording.disable("io.github.rbd4j.Write");
      recording.start();
      image.writeAt(0, new byte[512]);
      recording.stop();
      recording.dump(file);
    }
    rbd.remove(name);
    assertThat(RecordingFile.readAllEvents(file))
        .noneMatch(event -> event.getEventType().getName().startsWith("io.github.rbd4j."));
  }

  private static String describe(RecordedEvent event) {
    return event.getEventType().getName().substring("io.github.rbd4j.".length())
        + " "
        + event.getLong("offset")
        + " "
        + event.getLong("length")
        + " "
        + event.getString("outcome")
        + (event.getBoolean("asynchronous") ? " asynchronous" : "");
  }
}
