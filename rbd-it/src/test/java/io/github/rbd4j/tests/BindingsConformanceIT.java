package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CommandLine;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The generated bindings say what the C compiler says. Everything in them is found by reflection
 * and looked up in the installed headers ({@code -Drbd4j.it.include=DIR} names others, a folder
 * with {@code rbd/} and {@code rados/}); a C program made for it prints the truth.
 *
 * <ul>
 *   <li>Structs: the size, and for each field its offset and size; no field is left out.
 *   <li>Constants: the value of each macro and enum member.
 *   <li>Functions and callbacks: the number of parameters, and the size and class (pointer,
 *       integer, floating point) of each and of the result. The parameters come from the text of
 *       the header, but the compiler asserts that the pieces put together again are the type of the
 *       function.
 *   <li>What the headers lack is exactly what came with newer releases.
 * </ul>
 *
 * <p>What it does not prove: the signedness of integers and what pointers point to.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BindingsConformanceIT {
  private static final Duration COMPILE_LIMIT = Duration.ofMinutes(2);

  /** What is newer than Ceph 16, by the LIBRBD_VER_MINOR of the first of 16, 18 and 20 with it. */
  private static final SortedMap<Integer, Set<String>> SINCE =
      new TreeMap<>(
          Map.of(
              18,
              Set.of(
                  "RBD_DIFF_ITERATE_FLAG_INCLUDE_PARENT",
                  "RBD_DIFF_ITERATE_FLAG_WHOLE_OBJECT",
                  "RBD_ENCRYPTION_FORMAT_LUKS",
                  "rbd_aio_compare_and_writev",
                  "rbd_diff_iterate3",
                  "rbd_diff_iterate3$cb",
                  "rbd_encryption_load2",
                  "rbd_encryption_luks_format_options_t",
                  "rbd_encryption_spec_t"),
              20,
              Set.of(
                  "RBD_GROUP_SNAP_NAMESPACE_TYPE_USER",
                  "RBD_LOCK_MODE_EXCLUSIVE_TRANSIENT",
                  "RBD_MIRROR_IMAGE_CREATING",
                  "RBD_MIRROR_MODE_INIT_ONLY",
                  "rbd_aio_write_with_crc32c",
                  "rbd_clone4",
                  "rbd_group_get_id",
                  "rbd_group_image_snap_info_t",
                  "rbd_group_snap_get_info",
                  "rbd_group_snap_get_info_cleanup",
                  "rbd_group_snap_info2_t",
                  "rbd_group_snap_list2",
                  "rbd_group_snap_list2_cleanup",
                  "rbd_mirror_remote_namespace_get",
                  "rbd_mirror_remote_namespace_set",
                  "rbd_snap_get_trash_namespace2",
                  "rbd_snap_trash_namespace_cleanup",
                  "rbd_snap_trash_namespace_t")));

  /** They name the version of the header itself. */
  private static final Set<String> VERSIONS =
      Set.of("LIBRBD_VER_MINOR", "LIBRBD_VER_EXTRA", "LIBRBD_VERSION_CODE");

  private final Bindings bindings = Bindings.read();
  private final SortedMap<String, Class<?>> structs = bindings.structs();
  private final SortedMap<String, Class<?>> callbacks = bindings.callbacks();
  private final SortedMap<String, Method> functions = bindings.functions();
  private final SortedMap<String, Method> constants = bindings.constants();

  private Path folder = Path.of("");
  private String header = "";
  private final Set<String> words = new TreeSet<>();
  private final Set<String> missing = new TreeSet<>();
  private final Map<String, Prototype> prototypes = new HashMap<>();
  private final Map<String, String> truth = new HashMap<>();

  /** A function or callback as the header has it. */
  private record Prototype(String result, List<String> parameters) {}

  // -------------------------------------------------------------------------------- the C side

  private String gcc(String... arguments) {
    List<String> command = new ArrayList<>(List.of("gcc", "-std=gnu11", "-w"));
    String include = System.getProperty("rbd4j.it.include", "");
    if (!include.isEmpty()) {
      command.add("-I" + include);
    }
    command.addAll(List.of(arguments));
    return run(command);
  }

  private static String run(List<String> command) {
    CommandLine.Result result;
    try {
      result = CommandLine.run(COMPILE_LIMIT, Map.of("LC_ALL", "C"), command);
    } catch (RuntimeException e) {
      throw new AssertionError(
          "this test needs gcc and the headers of librbd: apt install gcc libc6-dev librbd-dev", e);
    }
    assertThat(result.status()).as("%s%n%s", String.join(" ", command), result.errors()).isZero();
    return result.text();
  }

  /** The headers with all macros expanded, and all words in them, including names of macros. */
  private void readHeaders() throws IOException {
    Path all = folder.resolve("all.h");
    Files.writeString(all, "#include <rbd/librbd.h>\n");
    String text = gcc("-E", "-P", all.toString());
    header =
        withoutAttributes(text.replaceAll("(?m)^#.*$", " "))
            .replaceAll("\\b(extern|__extension__)\\b", " ")
            .replaceAll("\\s+", " ");
    words.addAll(Arrays.asList(header.split("\\W+")));
    Matcher macro =
        Pattern.compile("(?m)^#define (\\w+)").matcher(gcc("-E", "-dM", all.toString()));
    while (macro.find()) {
      words.add(macro.group(1));
    }
  }

  private static String withoutAttributes(String text) {
    StringBuilder result = new StringBuilder();
    Matcher attribute = Pattern.compile("__attribute__\\s*(?=\\()").matcher(text);
    int done = 0;
    while (attribute.find(done)) {
      result.append(text, done, attribute.start()).append(' ');
      done = closing(text, attribute.end()) + 1;
    }
    return result.append(text, done, text.length()).toString();
  }

  /** The index of the parenthesis that closes the one at an index. */
  private static int closing(String text, int opening) {
    int depth = 0;
    for (int i = opening; i < text.length(); i++) {
      depth += text.charAt(i) == '(' ? 1 : text.charAt(i) == ')' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw new AssertionError("no closing parenthesis: " + text.substring(opening));
  }

  private void readPrototypes() {
    for (String name : functions.keySet()) {
      Matcher found =
          Pattern.compile("(?:^|(?<=[;}]))([^;{}()]*\\W)" + name + " ?(?=\\()").matcher(header);
      if (found.find()) {
        prototypes.put(name, prototype(found.group(1), header, found.end()));
      } else {
        missing.add(name);
      }
    }
    for (String name : callbacks.keySet()) {
      int dollar = name.indexOf('$');
      Prototype prototype =
          dollar < 0
              ? callback("typedef ([^;{}()]*)\\( ?\\* ?" + name + " ?\\) ?(?=\\()", header)
              : callbackOf(name.substring(0, dollar), name.substring(dollar + 1));
      if (prototype == null) {
        missing.add(name);
      } else {
        prototypes.put(name, prototype);
      }
    }
  }

  private static Prototype prototype(String result, String text, int opening) {
    String inside = text.substring(opening + 1, closing(text, opening)).strip();
    List<String> parameters = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i <= inside.length(); i++) {
      char c = i < inside.length() ? inside.charAt(i) : ',';
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == ',' && depth == 0) {
        parameters.add(inside.substring(start, i).strip());
        start = i + 1;
      }
    }
    if (parameters.equals(List.of("void")) || parameters.equals(List.of(""))) {
      parameters = List.of();
    }
    return new Prototype(result.strip(), parameters);
  }

  private static @Nullable Prototype callback(String regex, String text) {
    Matcher found = Pattern.compile(regex).matcher(text);
    return found.find() ? prototype(found.group(1), text, found.end()) : null;
  }

  /** The type of a parameter of a function that is declared in place. */
  private @Nullable Prototype callbackOf(String function, String parameter) {
    Prototype outer = prototypes.get(function);
    if (outer == null) {
      return null;
    }
    return callback(
        "^([^()]*)\\( ?\\* ?" + parameter + " ?\\) ?(?=\\()",
        String.join(" ", outer.parameters().stream().filter(p -> p.contains("(")).toList()));
  }

  private void findMissingNames() {
    for (Collection<String> names : List.of(structs.keySet(), constants.keySet())) {
      names.stream().filter(name -> !words.contains(name)).forEach(missing::add);
    }
  }

  private String cType(String struct) {
    return Pattern.compile("\\bstruct " + struct + " ?\\{").matcher(header).find()
        ? "struct " + struct
        : struct;
  }

  private String program() {
    StringBuilder c = new StringBuilder();
    c.append("#include <rbd/librbd.h>\n#include <errno.h>\n#include <stdio.h>\n");
    c.append("#include <stddef.h>\n\n");
    c.append("#define SAME(a, b) _Static_assert(__builtin_types_compatible_p(a, b), #a)\n");
    c.append("#define KIND(x) printf(\" %zu%c\", sizeof(x), \"?i??bp??r\"");
    c.append("[__builtin_classify_type(x)])\n\n");
    c.append("int main(void) {\n");
    structs.forEach(
        (name, type) -> {
          if (!missing.contains(name)) {
            String struct = cType(name);
            c.append("  printf(\"sizeof %s=%%zu\\n\", sizeof(%s));\n".formatted(name, struct));
            for (String field : fields(type)) {
              c.append(
                  "  printf(\"field %s.%s=%%zu+%%zu\\n\", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n"
                      .formatted(name, field, struct, field, struct, field));
            }
          }
        });
    constants.forEach(
        (name, method) -> {
          if (!missing.contains(name)) {
            c.append(
                method.getReturnType() == MemorySegment.class
                    ? "  printf(\"constant %s=\\\"%%s\\\"\\n\", %s);\n".formatted(name, name)
                    : "  printf(\"constant %s=%%lld\\n\", (long long)(%s));\n"
                        .formatted(name, name));
          }
        });
    for (Errno errno : Errno.values()) {
      c.append("  printf(\"errno %s=%%d\\n\", %s);\n".formatted(errno, errno));
    }
    prototypes.forEach((name, prototype) -> c.append(printPrototype(name, prototype)));
    return c.append("  return 0;\n}\n").toString();
  }

  private String printPrototype(String name, Prototype prototype) {
    StringBuilder c = new StringBuilder("  {\n");
    String parameters = String.join(", ", prototype.parameters());
    String type =
        "%s (*)(%s)".formatted(prototype.result(), parameters.isEmpty() ? "void" : parameters);
    if (functions.containsKey(name)) {
      c.append("    SAME(__typeof__(&%s), %s);\n".formatted(name, type));
    } else if (!name.contains("$")) {
      c.append("    SAME(%s, %s);\n".formatted(name, type));
    }
    c.append("    printf(\"function %s=\");\n".formatted(name));
    if (prototype.result().equals("void")) {
      c.append("    printf(\" v\");\n");
    } else {
      c.append("    %s; KIND(r);\n".formatted(declaration(prototype.result(), "r")));
    }
    int number = 0;
    for (String parameter : prototype.parameters()) {
      String variable = "p" + number++;
      c.append("    %s; KIND(%s);\n".formatted(declaration(parameter, variable), variable));
    }
    return c.append("    printf(\"\\n\");\n  }\n").toString();
  }

  private static final Set<String> WORDS_OF_TYPES =
      Set.of("char", "int", "long", "short", "unsigned", "float", "double", "_Bool", "void");

  /** The declaration of a variable of the type of a parameter, which may have a name or none. */
  private static String declaration(String parameter, String variable) {
    Matcher function = Pattern.compile("\\( ?\\* ?\\w* ?\\)").matcher(parameter);
    if (function.find()) {
      return function.replaceFirst("(*" + variable + ")");
    }
    String scalar = parameter.replaceFirst("(\\w+) ?\\[[^]]*]$", "*$1"); // arrays are pointers here
    Matcher named = Pattern.compile("^(.*\\w.*[ *])(\\w+)$").matcher(scalar);
    boolean hasName =
        named.matches()
            && !WORDS_OF_TYPES.contains(named.group(2))
            && !named.group(1).strip().matches("const|struct|enum|const struct");
    return (hasName ? named.group(1) : scalar) + " " + variable;
  }

  @BeforeAll
  void askTheCompiler(@TempDir Path temporary) throws Exception {
    folder = temporary;
    readHeaders();
    readPrototypes();
    findMissingNames();
    Path source = folder.resolve("conformance.c");
    Path binary = folder.resolve("conformance");
    Files.writeString(source, program());
    gcc("-c", "-o", folder.resolve("conformance.o").toString(), source.toString());
    gcc("-o", binary.toString(), folder.resolve("conformance.o").toString());
    for (String line : run(List.of(binary.toString())).lines().toList()) {
      int equals = line.indexOf('=');
      truth.put(line.substring(0, equals), line.substring(equals + 1).strip());
    }
  }

  private static Set<String> fields(Class<?> struct) {
    return Arrays.stream(struct.getMethods())
        .map(Method::getName)
        .filter(name -> name.endsWith("$offset"))
        .map(name -> name.substring(0, name.length() - "$offset".length()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Object call(Class<?> type, String method) throws ReflectiveOperationException {
    return type.getMethod(method).invoke(null);
  }

  // --------------------------------------------------------------------------------- the tests

  @Test
  void thereIsSomethingToCompare() {
    assertThat(structs.size()).isGreaterThanOrEqualTo(30);
    assertThat(functions.size()).isGreaterThanOrEqualTo(300);
    assertThat(constants.size()).isGreaterThanOrEqualTo(140);
    assertThat(callbacks.size()).isGreaterThanOrEqualTo(9);
    assertThat(truth.size())
        .isGreaterThanOrEqualTo(
            structs.size()
                + functions.size()
                + constants.size()
                + callbacks.size()
                - missing.size());
  }

  @Test
  void whatTheHeadersLackIsWhatIsNewer() {
    int version = Integer.parseInt(truth.getOrDefault("constant LIBRBD_VER_MINOR", "0"));
    Set<String> newer = newerThan(version);
    if (version == 16 || SINCE.containsKey(version)) {
      assertThat(missing).isEqualTo(newer);
    } else {
      // A release between the three: what came between them may be there or not.
      int next = SINCE.keySet().stream().filter(v -> v > version).findFirst().orElse(version);
      assertThat(newer).containsAll(missing);
      assertThat(missing).containsAll(newerThan(next));
    }
  }

  private static Set<String> newerThan(int version) {
    return SINCE.tailMap(version + 1).values().stream()
        .flatMap(Set::stream)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void structsHaveTheLayoutOfC() throws ReflectiveOperationException {
    Map<String, String> expected = new TreeMap<>();
    Map<String, String> actual = new TreeMap<>();
    for (Map.Entry<String, Class<?>> entry : structs.entrySet()) {
      String name = entry.getKey();
      Class<?> struct = entry.getValue();
      if (missing.contains(name)) {
        continue;
      }
      GroupLayout layout = (GroupLayout) call(struct, "layout");
      actual.put("sizeof " + name, Long.toString(layout.byteSize()));
      assertThat(call(struct, "sizeof")).isEqualTo(layout.byteSize());
      for (String field : fields(struct)) {
        MemoryLayout type = (MemoryLayout) call(struct, field + "$layout");
        actual.put(
            "field " + name + "." + field, call(struct, field + "$offset") + "+" + type.byteSize());
      }
      List<MemoryLayout> members = layout.memberLayouts();
      assertThat(members.stream().filter(m -> !(m instanceof PaddingLayout)).count())
          .as("the fields of %s", name)
          .isEqualTo(fields(struct).size());
      assertThat(members.stream().filter(m -> m instanceof PaddingLayout))
          .as("padding that could hide a field of %s", name)
          .allMatch(m -> m.byteSize() < 8);
    }
    for (String key : actual.keySet()) {
      expected.put(key, truth.getOrDefault(key, "missing"));
    }
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void constantsHaveTheValuesOfC() throws ReflectiveOperationException {
    Map<String, String> expected = new TreeMap<>();
    Map<String, String> actual = new TreeMap<>();
    for (Map.Entry<String, Method> entry : constants.entrySet()) {
      String name = entry.getKey();
      if (missing.contains(name) || VERSIONS.contains(name)) {
        continue;
      }
      Object value = entry.getValue().invoke(null);
      actual.put(
          name,
          value instanceof MemorySegment text ? '"' + text.getString(0) + '"' : value.toString());
      expected.put(name, truth.getOrDefault("constant " + name, "missing"));
    }
    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void functionsAndCallbacksHaveTheParametersOfC() throws ReflectiveOperationException {
    Map<String, String> expected = new TreeMap<>();
    Map<String, String> actual = new TreeMap<>();
    Set<String> notLoaded = new TreeSet<>();
    for (Map.Entry<String, Method> entry : functions.entrySet()) {
      if (!NativeSymbols.has(entry.getKey())) {
        notLoaded.add(entry.getKey()); // the bindings tell nothing about it then
      } else if (!missing.contains(entry.getKey())) {
        actual.put(entry.getKey(), describe((FunctionDescriptor) entry.getValue().invoke(null)));
      }
    }
    for (Map.Entry<String, Class<?>> entry : callbacks.entrySet()) {
      if (!missing.contains(entry.getKey())) {
        actual.put(entry.getKey(), describe(Bindings.descriptor(entry.getValue())));
      }
    }
    for (String name : actual.keySet()) {
      expected.put(name, truth.getOrDefault("function " + name, "missing"));
    }
    assertThat(actual).isEqualTo(expected);
    assertThat(newerThan(Rbd.version().minor())).containsAll(notLoaded);
  }

  private static String describe(FunctionDescriptor descriptor) {
    return Stream.concat(
            Stream.of(descriptor.returnLayout().map(BindingsConformanceIT::describe).orElse("v")),
            descriptor.argumentLayouts().stream().map(BindingsConformanceIT::describe))
        .collect(Collectors.joining(" "));
  }

  private static String describe(MemoryLayout layout) {
    return layout.byteSize()
        + switch (layout) {
          case AddressLayout _ -> "p";
          case ValueLayout.OfFloat _ -> "r";
          case ValueLayout.OfDouble _ -> "r";
          case ValueLayout.OfBoolean _ -> "i";
          case ValueLayout.OfByte _ -> "i";
          case ValueLayout.OfShort _ -> "i";
          case ValueLayout.OfInt _ -> "i";
          case ValueLayout.OfLong _ -> "i";
          default -> "?";
        };
  }

  @Test
  void errnosHaveTheNumbersOfC() {
    for (Errno errno : Errno.values()) {
      assertThat(truth.get("errno " + errno)).as(errno.name()).isEqualTo("" + errno.code());
    }
  }
}
