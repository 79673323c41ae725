package io.github.rbd4j.tests.coverage;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The public classes of the exported packages, by the name that a reader would write. */
final class PublicTypes {
  private final Map<String, Class<?>> types = new HashMap<>();

  PublicTypes() {
    for (Path file : Project.files(Project.API_CLASSES, ".class")) {
      String path = Project.API_CLASSES.relativize(file).toString();
      String name = path.replaceFirst("\\.class$", "").replace('/', '.');
      if (name.contains(".internal.") || name.endsWith("-info")) {
        continue;
      }
      Class<?> type = load(name);
      if (type != null && Modifier.isPublic(type.getModifiers())) {
        types.put(name.substring(name.lastIndexOf('.') + 1).replace('$', '.'), type);
      }
    }
  }

  boolean hasMethod(String type, String name) {
    Class<?> found = types.get(type);
    return found != null
        && Arrays.stream(found.getMethods()).map(Method::getName).anyMatch(name::equals);
  }

  boolean hasConstructor(String type, String parameters) {
    Class<?> found = types.get(type);
    int count = parameters.isBlank() ? 0 : parameters.split(",", -1).length;
    return found != null
        && Arrays.stream(found.getConstructors())
            .map(Constructor::getParameterCount)
            .anyMatch(n -> n == count);
  }

  boolean isException(String name) {
    return types.containsKey(name) || load("java.lang." + name) != null;
  }

  private static @Nullable Class<?> load(String name) {
    try {
      return Class.forName(name, false, PublicTypes.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return null;
    }
  }
}
