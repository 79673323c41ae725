package io.github.rbd4j.tests.coverage;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes the C functions of the stub library: one for each binding that stub.c does not have. */
public final class StubLibrary {
  private static final Pattern SNIPPET =
      Pattern.compile("\\{@snippet lang=c :\\s*\\*\\s*([^}]*?)\\s*\\*\\s*}");
  private static final Pattern FUNCTION = Pattern.compile("([^(]*?)(\\w+)\\((.*)\\)");
  private static final Pattern DEFINED = Pattern.compile("^\\w[\\w ]*[ *](\\w+)\\(", Pattern.MULTILINE);
  private static final Set<String> OBJECTS =
      Set.of("rados_t *", "rados_ioctx_t *", "rbd_image_t *", "rbd_image_options_t *", "rbd_pool_stats_t *");

  private StubLibrary() {}

  /**
   * The C source.
   *
   * @param written the source that has some of the functions already
   */
  public static String source(String written) {
    Set<String> defined = new java.util.TreeSet<>();
    DEFINED.matcher(written).results().forEach(m -> defined.add(m.group(1)));
    StringBuilder source = new StringBuilder("#include <stddef.h>\n");
    source.append("long stub_result(void);\nlong stub_complete(void *);\n");
    for (String helper : List.of("make", "size", "int", "long", "pointer")) {
      source.append("void stub_").append(helper).append("(void *);\n");
    }
    source.append("void stub_text(void *, size_t);\n");
    Matcher snippets = SNIPPET.matcher(Project.read(Project.BINDINGS));
    while (snippets.find()) {
      Matcher function = FUNCTION.matcher(snippets.group(1).replaceAll("\\s+", " ").strip());
      if (function.matches() && defined.add(function.group(2))) {
        append(source, function.group(2), function.group(3));
      }
    }
    return source.toString();
  }

  private static void append(StringBuilder source, String name, String parameters) {
    List<String> declared = new ArrayList<>();
    List<String> body = new ArrayList<>();
    String result = "stub_result()";
    String[] all = parameters.split(",(?![^()]*\\))");
    for (int i = 0; i < all.length; i++) {
      String type = typeOf(all[i]);
      String p = "p" + i;
      if (type.equals("void")) {
        continue;
      }
      boolean pointer = type.contains("*");
      declared.add((pointer ? "void *" : type.equals("float") ? "float " : "long ") + p);
      if (type.equals("rbd_completion_t")) {
        result = "stub_complete((void *)" + p + ")";
      } else if (OBJECTS.contains(type)) {
        body.add("stub_make(" + p + ");");
      } else if (type.equals("size_t *")) {
        body.add("stub_size(" + p + ");");
      } else if (type.equals("char **")) {
        body.add("if (stub_result() >= 0) stub_pointer(" + p + ");");
      } else if (type.equals("uint64_t *") || type.equals("int64_t *")) {
        body.add("stub_long(" + p + ");");
      } else if (type.equals("int *") || type.matches("rbd_\\w+_(mode|state|type|direction)_t \\*")) {
        body.add("stub_int(" + p + ");");
      } else if (type.equals("char *") && i + 1 < all.length) {
        String next = typeOf(all[i + 1]);
        String capacity = "p" + (i + 1);
        if (next.equals("size_t")) {
          body.add("stub_text(" + p + ", (size_t)" + capacity + ");");
        } else if (next.equals("size_t *")) {
          body.addFirst("stub_text(" + p + ", *(size_t *)" + capacity + ");");
        }
      }
    }
    source.append("long ").append(name).append('(');
    source.append(declared.isEmpty() ? "void" : String.join(", ", declared)).append(") {\n");
    // Arrays of names by pointer are only sized: their elements stay NULL.
    body.forEach(line -> source.append("  if (1) {").append(guard(line)).append("}\n"));
    source.append("  return ").append(result).append(";\n}\n");
  }

  /** Optional results may be NULL. */
  private static String guard(String line) {
    Matcher pointer = Pattern.compile("(p\\d+)").matcher(line);
    return pointer.find() ? " if (" + pointer.group(1) + " != 0) { " + line + " } " : line;
  }

  private static String typeOf(String parameter) {
    String text = parameter.strip();
    if (text.contains("(*")) {
      return "void *";
    }
    String type = text.replaceFirst("\\w+$", "").strip().replaceAll(" ?\\*", " *").replace("* *", "**");
    type = type.replace(" * *", " **");
    return type.isEmpty() ? text : type;
  }
}
