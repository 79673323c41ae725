package io.github.rbd4j.tests;

import io.github.rbd4j.bindings.librbd_constants;
import io.github.rbd4j.bindings.librbd_h;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * All that jextract generated, found by reflection. None of it is initialised by that.
 *
 * @param structs the class of each struct
 * @param callbacks the class of each type of function that C calls
 * @param functions for each C function the method that returns its descriptor, which needs a librbd
 *     with that function
 * @param calls for each C function the method that calls it
 * @param constants the method of each constant
 */
record Bindings(
    SortedMap<String, Class<?>> structs,
    SortedMap<String, Class<?>> callbacks,
    SortedMap<String, Method> functions,
    SortedMap<String, Method> calls,
    SortedMap<String, Method> constants) {
  private static final String PACKAGE = librbd_h.class.getPackageName();
  private static final String DESCRIPTOR = "$descriptor";

  static Bindings read() {
    Bindings all =
        new Bindings(
            new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
    for (Class<?> type : generatedClasses()) {
      String name = type.getSimpleName();
      if (hasMethod(type, "layout")) {
        all.structs.put(name, type);
      } else if (hasMethod(type, "descriptor")) {
        all.callbacks.put(name, type);
      }
    }
    for (Method method : librbd_h.class.getMethods()) {
      String name = method.getName();
      if (name.endsWith(DESCRIPTOR)) {
        all.functions.put(name.substring(0, name.length() - DESCRIPTOR.length()), method);
      }
    }
    for (Method method : librbd_h.class.getMethods()) {
      if (all.functions.containsKey(method.getName())) {
        all.calls.put(method.getName(), method);
      }
    }
    for (Method method : librbd_constants.class.getMethods()) {
      String name = method.getName();
      if (method.getDeclaringClass() == librbd_constants.class
          && method.getParameterCount() == 0
          && !name.contains("$")) {
        all.constants.put(name, method);
      }
    }
    return all;
  }

  /** The descriptor of a callback. */
  static FunctionDescriptor descriptor(Class<?> callback) {
    try {
      return (FunctionDescriptor) callback.getMethod("descriptor").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(callback.getName(), e);
    }
  }

  private static boolean hasMethod(Class<?> type, String name) {
    return Arrays.stream(type.getMethods())
        .anyMatch(m -> m.getName().equals(name) && m.getParameterCount() == 0);
  }

  private static List<Class<?>> generatedClasses() {
    try {
      Path root =
          Path.of(librbd_h.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isDirectory(root)) {
        return generatedClasses(root);
      }
      try (FileSystem jar =
          FileSystems.newFileSystem(URI.create("jar:" + root.toUri()), Map.of())) {
        return generatedClasses(jar.getPath("/"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException | URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Class<?>> generatedClasses(Path root)
      throws IOException, ClassNotFoundException {
    List<Class<?>> classes = new ArrayList<>();
    try (Stream<Path> files = Files.list(root.resolve(PACKAGE.replace('.', '/')))) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".class") && !name.endsWith("$shared.class")) {
          Class<?> type =
              Class.forName(
                  PACKAGE + "." + name.substring(0, name.length() - 6),
                  false,
                  librbd_h.class.getClassLoader());
          if (type.getEnclosingClass() == null
              && type != librbd_h.class
              && type != librbd_constants.class) {
            classes.add(type);
          }
        }
      }
    }
    return classes;
  }
}
