package io.github.rbd4j.tests.coverage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The prototype of a C function.
 *
 * @param function the name of the function
 * @param types the prototype without the names of its parameters and without needless spaces, so
 *     that two prototypes of the same function are equal
 */
record Prototype(String function, String types) {
  private static final Pattern FORM = Pattern.compile("([^(]*?)(\\w+)\\((.*)\\)");
  private static final Pattern LAST_WORD = Pattern.compile("\\b\\w+$");
  private static final Pattern WORD = Pattern.compile("\\w+");
  private static final Pattern SNIPPET =
      Pattern.compile("\\{@snippet lang=c :\\s*\\*\\s*([^}]*?)\\s*\\*\\s*}");
  private static final Set<String> QUALIFIERS = Set.of("const", "struct", "enum", "unsigned");

  static Prototype parse(String text) {
    String flat = text.replaceAll("\\s+", " ").replace("_Bool", "bool").strip();
    Matcher matcher = FORM.matcher(flat);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a C prototype: " + flat);
    }
    List<String> types = new ArrayList<>();
    for (String parameter : parameters(matcher.group(3))) {
      types.add(tidy(withoutName(parameter.strip())));
    }
    String function = matcher.group(2);
    return new Prototype(
        function, tidy(matcher.group(1)) + " " + function + "(" + String.join(", ", types) + ")");
  }

  /** The prototypes that jextract wrote beside the functions it generated, by function. */
  static Map<String, Prototype> ofBindings() {
    Map<String, Prototype> result = new HashMap<>();
    Matcher matcher = SNIPPET.matcher(Project.read(Project.BINDINGS));
    while (matcher.find()) {
      if (FORM.matcher(matcher.group(1)).matches()) {
        Prototype prototype = parse(matcher.group(1));
        result.put(prototype.function, prototype);
      }
    }
    return result;
  }

  /** The type of the first parameter, without the stars of a pointer. */
  String firstType() {
    return types.replaceFirst("^[^(]*\\(", "").replaceFirst("[*,)].*", "");
  }

  private static List<String> parameters(String list) {
    List<String> result = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < list.length(); i++) {
      char c = list.charAt(i);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == ',' && depth == 0) {
        result.add(list.substring(start, i));
        start = i + 1;
      }
    }
    result.add(list.substring(start));
    return result;
  }

  private static String withoutName(String parameter) {
    if (parameter.contains("(*")) { // a pointer to a function
      return parameter.replaceFirst("\\(\\*\\s*\\w+\\)", "(*)");
    }
    String rest = LAST_WORD.matcher(parameter).replaceFirst("");
    boolean typeRemains =
        WORD.matcher(rest).results().anyMatch(word -> !QUALIFIERS.contains(word.group()));
    return typeRemains ? rest : parameter;
  }

  private static String tidy(String type) {
    return type.strip().replaceAll("\\s+", " ").replaceAll(" ?([*(),]) ?", "$1");
  }
}
