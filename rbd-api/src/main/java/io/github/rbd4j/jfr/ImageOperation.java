package io.github.rbd4j.jfr;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The operations on images that are recorded, each with an event type of its own. */
public enum ImageOperation {
  READ("read", ImageEvent.Read::new),
  WRITE("write", ImageEvent.Write::new),
  DISCARD("discard", ImageEvent.Discard::new),
  WRITE_ZEROES("write zeroes to", ImageEvent.WriteZeroes::new),
  WRITE_SAME("write the same to", ImageEvent.WriteSame::new),
  COMPARE_AND_WRITE("compare and write", ImageEvent.CompareAndWrite::new),
  FLUSH("flush", ImageEvent.Flush::new),
  OPEN("open", ImageEvent.Open::new),
  CLOSE("close", ImageEvent.Close::new);

  private final String verb;

  @SuppressWarnings("ImmutableEnumChecker") // references to constructors have no state
  private final Supplier<ImageEvent> event;

  ImageOperation(String verb, Supplier<ImageEvent> event) {
    this.verb = verb;
    this.event = event;
  }

  /** What is being done, for errors. */
  public String verb() {
    return verb;
  }

  /** Begins an event, or gives null if nobody records it. */
  public @Nullable ImageEvent begin() {
    return ImageEvent.begin(event);
  }
}
