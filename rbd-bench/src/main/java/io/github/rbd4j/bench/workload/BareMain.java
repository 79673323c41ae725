package io.github.rbd4j.bench.workload;

import io.github.rbd4j.bindings.librbd_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Nothing but the bindings: {@code CONF POOL IMAGE aio-read-upcall|aio-read-eventfd SIZE DEPTH}. It
 * compares the two ways in which librbd tells that a call is done.
 */
final class BareMain {
  private BareMain() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check(
          librbd_h.rados_create2(
              out, arena.allocateFrom("ceph"), arena.allocateFrom("client.admin"), 0));
      MemorySegment cluster = out.get(ValueLayout.ADDRESS, 0);
      check(librbd_h.rados_conf_read_file(cluster, arena.allocateFrom(arguments[0])));
      check(librbd_h.rados_connect(cluster));
      MemorySegment pool = arena.allocateFrom(arguments[1]);
      long poolId = librbd_h.rados_pool_lookup(cluster, pool);
      check(librbd_h.rados_ioctx_create2(cluster, poolId, out));
      MemorySegment io = out.get(ValueLayout.ADDRESS, 0);
      check(librbd_h.rbd_open(io, arena.allocateFrom(arguments[2]), out, MemorySegment.NULL));
      MemorySegment image = out.get(ValueLayout.ADDRESS, 0);
      Turns.take(
          workload(
              image, arguments[3], Integer.parseInt(arguments[4]), Integer.parseInt(arguments[5])));
      check(librbd_h.rbd_close(image));
      librbd_h.rados_ioctx_destroy(io);
      librbd_h.rados_shutdown(cluster);
    }
  }

  private static Workload workload(MemorySegment image, String name, int size, int depth)
      throws Throwable {
    return switch (name) {
      case "aio-read-upcall" -> BareReads.withUpcalls(image, size, depth);
      case "aio-read-eventfd" -> BareReads.withEventFd(image, size, depth);
      default -> throw new IllegalArgumentException("no such workload: " + name);
    };
  }

  static void check(long result) {
    if (result < 0) {
      throw new IllegalStateException("errno " + -result);
    }
  }
}
