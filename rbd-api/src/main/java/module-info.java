/**
 * Ceph block devices (RBD) for Java.
 *
 * <p>Run with {@code --enable-native-access=io.github.rbd4j,io.github.rbd4j.bindings}.
 */
module io.github.rbd4j {
  requires transitive org.jspecify;
  requires io.github.rbd4j.bindings;
  requires jdk.jfr;
  requires org.slf4j;

  exports io.github.rbd4j;
  exports io.github.rbd4j.encryption;
  exports io.github.rbd4j.group;
  exports io.github.rbd4j.mirror;
  exports io.github.rbd4j.nio;
  exports io.github.rbd4j.rados;
  exports io.github.rbd4j.transfer;
}
