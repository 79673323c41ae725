package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.internal.LibcFunction;
import io.github.rbd4j.internal.NativeSymbols;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/**
 * What the jar of rbd4j tells GraalVM's {@code native-image}: the signatures of all calls into C
 * and from C, without which an image refuses them. It is generated from the bindings and from
 * {@link LibcFunction}; {@code -Drbd4j.nativeimage.write=true} writes it.
 *
 * <p>A callback is an object of a functional interface and not a static method, so it is an upcall
 * and not a direct upcall. Its class also makes a handle that calls back, and looks for the method
 * of the interface by reflection.
 */
class NativeImageMetadataTest {
  private static final String FILE =
      "META-INF/native-image/io.github.rbd4j/rbd-api/reachability-metadata.json";

  /** In an image, the name of a C type stands for a layout; each of these is one on LP64. */
  private static final Map<Class<?>, String> TYPES =
      Map.of(
          void.class, "void",
          boolean.class, "bool",
          byte.class, "char",
          short.class, "short",
          int.class, "int",
          long.class, "long",
          float.class, "float",
          double.class, "double",
          MemorySegment.class, "void*");

  private final Bindings bindings = Bindings.read();

  /** The signature of a call. */
  private record Signature(String result, List<String> parameters) {
    /** That of a method of the bindings, which hands its parameters on as they are. */
    static Signature of(Method method) {
      return new Signature(
          Objects.requireNonNull(TYPES.get(method.getReturnType()), method::toString),
          Arrays.stream(method.getParameterTypes())
              .map(t -> Objects.requireNonNull(TYPES.get(t), method::toString))
              .toList());
    }

    static Signature of(FunctionDescriptor descriptor) {
      return new Signature(
          descriptor.returnLayout().map(Signature::type).orElse("void"),
          descriptor.argumentLayouts().stream().map(Signature::type).toList());
    }

    /** The name of the C type whose layout this is, whatever a pointer points to. */
    private static String type(MemoryLayout layout) {
      MemoryLayout plain = layout instanceof AddressLayout a ? a.withoutTargetLayout() : layout;
      String name = TYPES.get(((ValueLayout) layout).carrier());
      MemoryLayout canonical = Linker.nativeLinker().canonicalLayouts().get(name);
      assertThat(plain.withoutName())
          .isEqualTo(canonical instanceof AddressLayout a ? a.withoutTargetLayout() : canonical);
      return Objects.requireNonNull(name);
    }

    String json() {
      return "{\"returnType\": \"%s\", \"parameterTypes\": %s}"
          .formatted(result, quoted(parameters));
    }
  }

  private static String quoted(Collection<String> words) {
    return words.stream().map(w -> '"' + w + '"').collect(Collectors.joining(", ", "[", "]"));
  }

  private static Method method(Class<?> callback) {
    for (Class<?> type : callback.getClasses()) {
      if (type.isInterface()) {
        return type.getMethods()[0];
      }
    }
    throw new AssertionError(callback + " has no function");
  }

  private String generated() {
    List<Method> callbacks =
        bindings.callbacks().values().stream().map(NativeImageMetadataTest::method).toList();
    Set<String> reflection = new TreeSet<>();
    for (Method callback : callbacks) {
      reflection.add(
          "{\"type\": \"%s\", \"methods\": [{\"name\": \"%s\", \"parameterTypes\": %s}]}"
              .formatted(
                  callback.getDeclaringClass().getName(),
                  callback.getName(),
                  quoted(
                      Arrays.stream(callback.getParameterTypes()).map(Class::getName).toList())));
    }
    return """
        {
          "comment": "Generated, see NativeImageMetadataTest.",
          "reflection": [
            %s
          ],
          "foreign": {
            "downcalls": [
              %s
            ],
            "upcalls": [
              %s
            ]
          }
        }
        """
        .formatted(
            String.join(",\n    ", reflection),
            lines(
                Stream.of(
                        bindings.calls().values().stream().map(Signature::of),
                        callbacks.stream().map(Signature::of),
                        LibcFunction.ALL.stream().map(f -> Signature.of(f.type())))
                    .flatMap(signatures -> signatures)),
            lines(callbacks.stream().map(Signature::of)));
  }

  private static String lines(Stream<Signature> signatures) {
    return signatures
        .map(Signature::json)
        .distinct()
        .sorted()
        .collect(Collectors.joining(",\n      "));
  }

  private static String shipped() throws IOException {
    try (InputStream in = Rbd.class.getClassLoader().getResourceAsStream(FILE)) {
      return new String(Objects.requireNonNull(in, FILE).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void theJarHasWhatTheBindingsNeed() throws IOException {
    if (Boolean.getBoolean("rbd4j.nativeimage.write")) {
      Path root = Path.of(System.getProperty("rbd4j.it.root", ".."));
      Path file = root.resolve("rbd-api/src/main/resources").resolve(FILE);
      Files.createDirectories(file.getParent());
      Files.writeString(file, generated());
    }
    assertThat(shipped())
        .as("%s; -Drbd4j.nativeimage.write=true writes it, and the next build takes it", FILE)
        .isEqualTo(generated());
  }

  /** What the bindings hand to the linker, as far as the loaded librbd has the function. */
  @Test
  void everyDescriptorIsRegistered() throws Exception {
    Set<Signature> downcalls = registered("downcalls");
    Set<Signature> upcalls = registered("upcalls");
    List<String> missing = new ArrayList<>();
    int known = 0;
    for (Map.Entry<String, Method> function : bindings.functions().entrySet()) {
      if (NativeSymbols.has(function.getKey())) {
        known++;
        if (!downcalls.contains(
            Signature.of((FunctionDescriptor) function.getValue().invoke(null)))) {
          missing.add(function.getKey());
        }
      }
    }
    bindings
        .callbacks()
        .forEach(
            (name, type) -> {
              Signature signature = Signature.of(Bindings.descriptor(type));
              if (!upcalls.contains(signature) || !downcalls.contains(signature)) {
                missing.add(name);
              }
            });
    assertThat(missing).isEmpty();
    assertThat(known).isGreaterThan(300);
    assertThat(bindings.callbacks()).hasSizeGreaterThan(5);
  }

  /** The methods of a class that make a native function callable, or read a resource. */
  private static Stream<String> needsMetadata(Path file) {
    try {
      ClassModel type = ClassFile.of().parse(file);
      return StreamSupport.stream(type.constantPool().spliterator(), false)
          .filter(MemberRefEntry.class::isInstance)
          .map(MemberRefEntry.class::cast)
          .map(member -> member.name().stringValue())
          .filter(name -> name.matches("downcallHandle|upcallStub|getResource.*"))
          .map(name -> type.thisClass().asInternalName() + " " + name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The class files of the library, of its jar or of its folder. */
  private static List<String> needsMetadata() throws Exception {
    Path library = Path.of(Rbd.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (Files.isDirectory(library)) {
      return needsMetadataBelow(library);
    }
    try (FileSystem jar = FileSystems.newFileSystem(library)) {
      return needsMetadataBelow(jar.getPath("/"));
    }
  }

  private static List<String> needsMetadataBelow(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".class"))
          .flatMap(NativeImageMetadataTest::needsMetadata)
          .toList();
    }
  }

  @Test
  void nothingElseNeedsMetadata() throws Exception {
    assertThat(needsMetadata())
        .containsExactly("io/github/rbd4j/internal/LibcFunction downcallHandle");
    for (LibcFunction function : LibcFunction.ALL) {
      assertThat(registered("downcalls")).contains(Signature.of(function.type()));
    }
  }

  @SuppressWarnings("unchecked")
  private static Set<Signature> registered(String kind) throws IOException {
    Map<String, Object> foreign = (Map<String, Object>) Json.object(shipped()).get("foreign");
    Set<Signature> signatures = new HashSet<>();
    for (Map<String, Object> entry : (List<Map<String, Object>>) foreign.get(kind)) {
      signatures.add(
          new Signature(
              (String) entry.get("returnType"), (List<String>) entry.get("parameterTypes")));
    }
    return signatures;
  }

  @Test
  @SuppressWarnings("unchecked")
  void theFunctionOfEachCallbackCanBeFound() throws Exception {
    Set<String> found = new TreeSet<>();
    for (Map<String, Object> entry :
        (List<Map<String, Object>>) Json.object(shipped()).get("reflection")) {
      Class<?> type = Class.forName((String) entry.get("type"));
      for (Map<String, Object> method : (List<Map<String, Object>>) entry.get("methods")) {
        List<String> parameters = (List<String>) method.get("parameterTypes");
        assertThat(type.getMethods())
            .anyMatch(
                m ->
                    m.getName().equals(method.get("name"))
                        && Arrays.stream(m.getParameterTypes())
                            .map(Class::getName)
                            .toList()
                            .equals(parameters));
      }
      found.add(type.getDeclaringClass().getSimpleName());
    }
    assertThat(found).isEqualTo(bindings.callbacks().keySet());
  }
}
