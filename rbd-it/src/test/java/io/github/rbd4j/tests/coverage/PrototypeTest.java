package io.github.rbd4j.tests.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrototypeTest {
  private static String types(String prototype) {
    return Prototype.parse(prototype).types();
  }

  @Test
  void namesOfParametersAndSpacesDoNotCount() {
    assertThat(types("int f(rbd_image_t image,\n const char  *name, uint64_t* out)"))
        .isEqualTo(types("int f(rbd_image_t, const char *, uint64_t *id)"))
        .isEqualTo("int f(rbd_image_t, const char*, uint64_t*)");
  }

  @Test
  void typesCount() {
    assertThat(types("int f(const char *s)")).isNotEqualTo(types("int f(char *s)"));
    assertThat(types("int f(char **s)")).isNotEqualTo(types("int f(char *s)"));
    assertThat(types("int f(size_t n)")).isNotEqualTo(types("int f(uint64_t n)"));
    assertThat(types("int f(int n)")).isNotEqualTo(types("ssize_t f(int n)"));
    assertThat(types("int f(struct timespec *t)")).isNotEqualTo(types("int f(timespec *t)"));
    assertThat(types("int f(void)")).isEqualTo("int f(void)");
  }

  @Test
  void pointersToFunctionsKeepTheirTypes() {
    assertThat(types("int f(int (*cb)(uint64_t, size_t, int, void *), void *arg)"))
        .isEqualTo("int f(int(*)(uint64_t,size_t,int,void*), void*)");
  }

  @Test
  void theBindingsHaveOne() {
    assertThat(Prototype.ofBindings().get("rbd_close"))
        .isEqualTo(Prototype.parse("int rbd_close(rbd_image_t image)"));
  }
}
