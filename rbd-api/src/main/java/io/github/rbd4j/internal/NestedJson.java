package io.github.rbd4j.internal;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * JSON that librbd is to read. Its parser goes one level deeper on the stack for each level of the
 * text, without a limit: what is nested deeply ends the process.
 */
public final class NestedJson {
  private static final int MAX_LENGTH = 1 << 16;
  private static final int MAX_DEPTH = 64;

  private NestedJson() {}

  /** Checks a text. Brackets within strings count, too: no text that makes sense has so many. */
  public static String require(String json, String what) {
    requireLength(json, what);
    int depth = 0;
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '[' || c == '{') {
        if (++depth > MAX_DEPTH) {
          throw new IllegalArgumentException(
              what + " is nested more than " + MAX_DEPTH + " levels deep");
        }
      } else if (c == ']' || c == '}') {
        depth--;
      }
    }
    return json;
  }

  /** Checks a text that is encoded in base 64. What is not encoded correctly, librbd refuses. */
  public static String requireToken(String token, String what) {
    requireLength(token, what);
    String digits = token.replaceAll("[^A-Za-z0-9+/]", "");
    String whole = digits.substring(0, digits.length() - digits.length() % 4);
    require(new String(Base64.getDecoder().decode(whole), StandardCharsets.ISO_8859_1), what);
    return token;
  }

  private static void requireLength(String text, String what) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(what + " has more than " + MAX_LENGTH + " characters");
    }
  }
}
