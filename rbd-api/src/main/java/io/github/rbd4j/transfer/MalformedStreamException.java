package io.github.rbd4j.transfer;

import io.github.rbd4j.Preview;
import java.io.IOException;

/** A stream is not in the format that it should have, or ends too early. */
@Preview
public class MalformedStreamException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Where the trouble begins. */
  private final long position;

  /**
   * Makes the exception.
   *
   * @param position where the trouble begins, in bytes from where the stream began
   * @param problem what is wrong
   */
  public MalformedStreamException(long position, String problem) {
    super("at byte " + position + " of the stream: " + problem);
    this.position = position;
  }

  /**
   * Where the trouble begins.
   *
   * @return the position in bytes from where the stream began
   */
  public long position() {
    return position;
  }
}
