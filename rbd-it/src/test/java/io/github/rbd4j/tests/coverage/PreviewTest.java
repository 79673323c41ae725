package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.reflect.AccessFlag;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What docs/versioning.md says about the mark {@code @Preview} is so. */
class PreviewTest {
  private static final Path LIBRARY = Project.API_CLASSES.resolve("io/github/rbd4j");
  private static final Set<String> NEW = Set.of("nio", "transfer");

  private static boolean isMarked(ClassModel type) {
    return type.findAttribute(Attributes.runtimeInvisibleAnnotations()).stream()
        .flatMap(annotations -> annotations.annotations().stream())
        .anyMatch(annotation -> annotation.className().equalsString("Lio/github/rbd4j/Preview;"));
  }

  @Test
  void thePublicTypesOfTheNewPackagesAreMarkedAndNoOthers() throws IOException {
    Map<Boolean, Set<String>> types = new TreeMap<>();
    for (Path file : Project.files(LIBRARY, ".class")) {
      ClassModel type = ClassFile.of().parse(file);
      String name = type.thisClass().asInternalName();
      // The mark of a type holds for those in it.
      if (type.flags().has(AccessFlag.PUBLIC) && !name.contains("$")) {
        types.computeIfAbsent(isMarked(type), _ -> new TreeSet<>()).add(name);
      }
    }
    assertThat(types.get(true)).isNotEmpty().allMatch(PreviewTest::isNew);
    assertThat(types.get(false)).isNotEmpty().noneMatch(PreviewTest::isNew);
  }

  private static boolean isNew(String type) {
    return NEW.stream().anyMatch(name -> type.startsWith("io/github/rbd4j/" + name + "/"));
  }
}
