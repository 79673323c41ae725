package io.github.rbd4j.tests;

import io.github.rbd4j.Image;
import io.github.rbd4j.LockMode;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import java.util.concurrent.CountDownLatch;

/** A program that owns the exclusive lock of an image, has flushed data to it, and waits. */
public final class LockOwnerMain {
  private LockOwnerMain() {}

  /** What it writes to the beginning of the image. */
  static byte[] content() {
    return Bytes.random(1 << 20, 11);
  }

  /** Runs it; the cluster is the one that {@code CEPH_CONF} names. */
  public static void main(String[] arguments) throws InterruptedException {
    Image image = new Rbd(Cluster.builder().connect().ioContext("rbd")).open(arguments[0]);
    image.exclusiveLock().acquire(LockMode.EXCLUSIVE);
    image.writeAt(0, content());
    image.flush();
    System.out.println("ready");
    new CountDownLatch(1).await();
  }
}
