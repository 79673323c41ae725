package io.github.rbd4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers of a newer Ceph, which no constant has, are no error. */
class NativeValueTest {
  /** All enums of the library whose constants have numbers. */
  static List<Class<?>> enums() throws IOException, URISyntaxException {
    Path classes =
        Path.of(NativeValue.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(classes)) {
      List<Class<?>> enums =
          files
              .map(file -> classes.relativize(file).toString())
              .filter(name -> name.endsWith(".class") && !name.contains("-info"))
              .<Class<?>>map(name -> load(name.replace(".class", "").replace('/', '.')))
              .filter(type -> type.isEnum() && NativeValue.class.isAssignableFrom(type))
              .toList();
      assertThat(enums).hasSizeGreaterThanOrEqualTo(13);
      return enums;
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, NativeValueTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @MethodSource("enums")
  void anUnknownNumberIsUnknownAndAKnownOneIsItself(Class<?> type)
      throws ReflectiveOperationException {
    var of = type.getMethod("of", int.class);
    Object unknown = type.getField("UNKNOWN").get(null);
    for (int number : new int[] {9999, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThat(of.invoke(null, number)).as("%s of %s", type, number).isSameAs(unknown);
    }
    assertThat(Arrays.stream(type.getEnumConstants()).map(c -> ((NativeValue) c).value()))
        .doesNotHaveDuplicates();
    for (Object constant : type.getEnumConstants()) {
      assertThat(of.invoke(null, ((NativeValue) constant).value())).isSameAs(constant);
    }
  }
}
