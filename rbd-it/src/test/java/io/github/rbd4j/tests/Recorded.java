package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What the flight recorder saw of the library. */
final class Recorded {
  static final String PREFIX = "io.github.rbd4j.";

  private static final Path SETTINGS =
      Path.of(System.getProperty("rbd4j.it.root", "..")).resolve("docs/rbd4j.jfc");

  private Recorded() {}

  /** Something that is recorded. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /** Records some work in a file of a folder, and returns the events of the library. */
  static List<RecordedEvent> events(Path folder, Work work) throws Exception {
    Path file = Files.createTempFile(folder, "own", ".jfr");
    try (Recording recording = new Recording(Configuration.create(SETTINGS))) {
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    assertThat(Files.size(file)).isPositive();
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith(PREFIX))
        .toList();
  }

  /** The events of one kind of operation on an image, in the order in which they began. */
  static List<RecordedEvent> of(List<RecordedEvent> events, String kind, String image) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals(PREFIX + kind))
        .filter(event -> event.getString("image").equals("rbd/" + image))
        .sorted(java.util.Comparator.comparing(RecordedEvent::getStartTime))
        .toList();
  }

  /** How many of some operations were under way at the same time. */
  static int mostAtOnce(List<RecordedEvent> events) {
    int most = 0;
    for (RecordedEvent event : events) {
      int count = 0;
      for (RecordedEvent other : events) {
        boolean began = !other.getStartTime().isAfter(event.getStartTime());
        count += began && other.getEndTime().isAfter(event.getStartTime()) ? 1 : 0;
      }
      most = Math.max(most, count);
    }
    return most;
  }
}
