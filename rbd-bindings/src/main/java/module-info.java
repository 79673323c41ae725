/** What jextract generates from {@code librbd.h} and {@code librados.h}, for rbd4j alone. */
module io.github.rbd4j.bindings {
  exports io.github.rbd4j.bindings to
      io.github.rbd4j;
}
