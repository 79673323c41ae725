package io.github.rbd4j.tests.coverage;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes the C functions of the stub library: one for each binding that stub.c does not have. */
public final class StubLibrary {
  private static final Pattern SNIPPET =
      Pattern.compile("\\{@snippet lang=c :\\s*\\*\\s*([^}]*?)\\s*\\*\\s*}");
  private static final Pattern FUNCTION = Pattern.compile("([^(]*?)(\\w+)\\((.*)\\)");
  private static final Pattern DEFINED =
      Pattern.compile("^\\w[\\w ]*[ *](\\w+)\\(", Pattern.MULTILINE);

  /** What returns how many bytes it has read or written. */
  private static final String TRANSFERS =
      "rbd_(read2|write2|discard|write_zeroes|writesame|compare_and_write)";

  private static final Set<String> OBJECTS =
      Set.of(
          "rados_t *",
          "rados_ioctx_t *",
          "rbd_image_t *",
          "rbd_image_options_t *",
          "rbd_pool_stats_t *");

  private StubLibrary() {}

  /**
   * The C source.
   *
   * @param written the source that has some of the functions already
   */
  public static String source(String written) {
    Set<String> defined = new TreeSet<>();
    DEFINED.matcher(written).results().forEach(m -> defined.add(m.group(1)));
    StringBuilder source = new StringBuilder("#include <stddef.h>\n#include <stdint.h>\n");
    source.append(
        "long stub_result(void);\nlong stub_complete(void *);\nvoid stub_enter(const char *);\n");
    for (String helper : List.of("make", "size", "int", "long", "pointer")) {
      source.append("void stub_").append(helper).append("(void *);\n");
    }
    source.append("long stub_transfer(size_t);\n");
    source.append("void stub_text(void *, size_t);\nint stub_is_garbage(void);\n");
    source.append("int64_t stub_number(void);\nvoid *stub_string(void);\n");
    source.append("void stub_progress(void *, void *);\n");
    Matcher snippets = SNIPPET.matcher(Project.read(Project.BINDINGS));
    while (snippets.find()) {
      Matcher function = FUNCTION.matcher(snippets.group(1).replaceAll("\\s+", " ").strip());
      if (function.matches() && defined.add(function.group(2))) {
        append(source, function.group(1).strip(), function.group(2), function.group(3));
      }
    }
    return source.toString();
  }

  private static void append(
      StringBuilder source, String returned, String name, String parameters) {
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
      } else if (name.matches(TRANSFERS) && all[i].endsWith(" len")) {
        result = "stub_transfer((size_t)" + p + ")";
      } else if (OBJECTS.contains(type)) {
        body.add("stub_make(" + p + ");");
      } else if (type.equals("size_t *")) {
        body.add("stub_size(" + p + ");");
      } else if (type.equals("char **")) {
        body.add("if (stub_result() >= 0) stub_pointer(" + p + ");");
      } else if (type.equals("uint64_t *") || type.equals("int64_t *")) {
        body.add("stub_long(" + p + ");");
      } else if (type.equals("int *")
          || type.matches("rbd_\\w+_(mode|state|type|direction)_t \\*")) {
        body.add("stub_int(" + p + ");");
      } else if (type.equals("librbd_progress_fn_t")) {
        body.add("stub_progress((void *)" + p + ", (void *)p" + (i + 1) + ");");
      } else if (!name.endsWith("_cleanup") && structOf(type).isPresent()) {
        body.addFirst(fill(p, structOf(type).get(), countOf(all, i)));
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
    boolean canFail = !returned.equals("void") && !returned.startsWith("uint");
    source.append("  stub_enter(").append(canFail ? '"' + name + '"' : "0").append(");\n");
    body.forEach(line -> source.append("  ").append(guard(line)).append('\n'));
    source.append("  return ").append(result).append(";\n}\n");
  }

  /** The layout of the struct that a parameter points to. */
  private static Optional<MemoryLayout> structOf(String type) {
    if (!type.matches("(struct )?\\w+ \\*")) {
      return Optional.empty();
    }
    try {
      Class<?> binding =
          Class.forName("io.github.rbd4j.bindings." + type.replaceAll("struct | \\*", ""));
      return Optional.of((MemoryLayout) binding.getMethod("layout").invoke(null));
    } catch (ClassNotFoundException noStruct) {
      return Optional.empty();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type, e);
    }
  }

  /** How many structs an array has: what the next pointer to a size says. */
  private static String countOf(String[] parameters, int array) {
    for (int i = array + 1; i < parameters.length; i++) {
      String type = typeOf(parameters[i]);
      if (type.equals("size_t *") || type.equals("int *")) {
        return "*(" + type + ")p" + i;
      }
    }
    return "1";
  }

  /** Stores the garbage number in all numbers of structs, and a string in all strings. */
  private static String fill(String array, MemoryLayout struct, String count) {
    StringBuilder lines = new StringBuilder();
    fields(lines, struct, 0);
    return "if (stub_is_garbage()) { char *s = %s; for (size_t n = %s; n > 0; n--, s += %d) {%s} }"
        .formatted(array, count, struct.byteSize(), lines);
  }

  private static void fields(StringBuilder lines, MemoryLayout layout, long offset) {
    switch (layout) {
      case GroupLayout group -> {
        long at = offset;
        for (MemoryLayout member : group.memberLayouts()) {
          fields(lines, member, at);
          at += group instanceof StructLayout ? member.byteSize() : 0;
        }
      }
      case AddressLayout _ ->
          lines.append(" *(void **)(s + %d) = stub_string();".formatted(offset));
      case ValueLayout value ->
          lines.append(
              " *(int%d_t *)(s + %d) = (int%d_t)stub_number();"
                  .formatted(value.byteSize() * 8, offset, value.byteSize() * 8));
      case PaddingLayout _, SequenceLayout _ -> {}
    }
  }

  /** Optional results may be NULL. */
  private static String guard(String line) {
    Matcher pointer = Pattern.compile("(p\\d+)").matcher(line);
    return pointer.find() ? "if (" + pointer.group(1) + " != 0) { " + line + " }" : line;
  }

  private static String typeOf(String parameter) {
    String text = parameter.strip();
    if (text.contains("(*")) {
      return "void *";
    }
    String type =
        text.replaceFirst("\\w+$", "").strip().replaceAll(" ?\\*", " *").replace("* *", "**");
    type = type.replace(" * *", " **");
    return type.isEmpty() ? text : type;
  }
}
