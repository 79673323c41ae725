package io.github.rbd4j.bench.workload;

import com.ceph.rados.IoCTX;
import com.ceph.rados.Rados;
import com.ceph.rbd.Rbd;
import com.ceph.rbd.RbdImage;
import java.io.File;

/** rados-java as a contestant: {@code CONF POOL IMAGE read-copy SIZE SPAN}. */
final class JnaMain {
  private JnaMain() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Throwable {
    Rados rados = new Rados("admin");
    rados.confReadFile(new File(arguments[0]));
    rados.connect();
    IoCTX io = rados.ioCtxCreate(arguments[1]);
    Rbd rbd = new Rbd(io);
    RbdImage image = rbd.open(arguments[2]);
    if (!arguments[3].equals("read-copy")) {
      throw new IllegalArgumentException("no such workload: " + arguments[3]);
    }
    Turns.take(reads(image, Integer.parseInt(arguments[4]), Long.parseLong(arguments[5])));
    rbd.close(image);
    rados.ioCtxDestroy(io);
    rados.shutDown();
  }

  private static Workload reads(RbdImage image, int size, long span) {
    byte[] target = new byte[size];
    Offsets offsets = new Offsets(span / size, size, false);
    return end -> {
      long operations = 0;
      do {
        for (int i = 0; i < Workload.BATCH; i++) {
          Reads.require(image.read(offsets.next(), target, size), size);
        }
        operations += Workload.BATCH;
      } while (System.nanoTime() - end < 0);
      return operations;
    };
  }
}
