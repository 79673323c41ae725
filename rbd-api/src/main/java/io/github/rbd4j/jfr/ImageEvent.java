package io.github.rbd4j.jfr;

import io.github.rbd4j.RbdException;
import java.util.function.Supplier;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** What was done to an image, from the call until its result. */
@Category("rbd4j")
@StackTrace(false)
@Threshold("20 ms")
@SuppressWarnings("unused") // the flight recorder reads the fields
public abstract class ImageEvent extends Event {
  @Label("Image")
  @Description("Pool, namespace, name and snapshot of the image")
  String image = "";

  @Label("Offset")
  @Description("Where the range begins, in bytes")
  @DataAmount
  long offset;

  @Label("Length")
  @Description("How many bytes were asked for")
  @DataAmount
  long length;

  @Label("Outcome")
  @Description("ok, the name of the errno, or the name of another exception")
  String outcome = "";

  @Label("Asynchronous")
  @Description("Whether the call gave a future")
  boolean asynchronous;

  /** Until a recording has run in this JVM, this is the read of one field. */
  static @Nullable ImageEvent begin(Supplier<ImageEvent> type) {
    if (!FlightRecorder.isInitialized()) {
      return null;
    }
    ImageEvent event = type.get();
    if (!event.isEnabled()) {
      return null;
    }
    event.begin();
    return event;
  }

  /** Ends the event, and records it if it took long enough. */
  public void end(String name, long from, long size, boolean future, @Nullable Throwable failure) {
    end();
    if (shouldCommit()) {
      image = name;
      offset = from;
      length = size;
      asynchronous = future;
      outcome = outcomeOf(failure);
      commit();
    }
  }

  /** Does something that blocks, and ends the event of it if there is one. */
  public static <T> T recorded(
      @Nullable ImageEvent event, String name, long from, long size, Supplier<T> work) {
    if (event == null) {
      return work.get();
    }
    Throwable failure = null;
    try {
      return work.get();
    } catch (Throwable thrown) {
      failure = thrown;
      throw thrown;
    } finally {
      event.end(name, from, size, false, failure);
    }
  }

  private static String outcomeOf(@Nullable Throwable failure) {
    return switch (failure) {
      case null -> "ok";
      case RbdException e when e.errno() != 0 -> e.errnoName();
      default -> failure.getClass().getSimpleName();
    };
  }

  @Name("io.github.rbd4j.Read")
  @Label("Image Read")
  static final class Read extends ImageEvent {}

  @Name("io.github.rbd4j.Write")
  @Label("Image Write")
  static final class Write extends ImageEvent {}

  @Name("io.github.rbd4j.Discard")
  @Label("Image Discard")
  static final class Discard extends ImageEvent {}

  @Name("io.github.rbd4j.WriteZeroes")
  @Label("Image Write of Zeroes")
  static final class WriteZeroes extends ImageEvent {}

  @Name("io.github.rbd4j.WriteSame")
  @Label("Image Write of a Pattern")
  static final class WriteSame extends ImageEvent {}

  @Name("io.github.rbd4j.CompareAndWrite")
  @Label("Image Compare and Write")
  static final class CompareAndWrite extends ImageEvent {}

  @Name("io.github.rbd4j.Flush")
  @Label("Image Flush")
  static final class Flush extends ImageEvent {}

  @Name("io.github.rbd4j.Open")
  @Label("Image Open")
  static final class Open extends ImageEvent {}

  @Name("io.github.rbd4j.Close")
  @Label("Image Close")
  static final class Close extends ImageEvent {}
}
