package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.AdvisoryLocks;
import io.github.rbd4j.AdvisoryLocks.Locker;
import io.github.rbd4j.AdvisoryLocks.Lockers;
import io.github.rbd4j.ClientBlocklistedException;
import io.github.rbd4j.ExclusiveLock;
import io.github.rbd4j.ExclusiveLock.Owners;
import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.LockMode;
import io.github.rbd4j.ObjectBusyException;
import io.github.rbd4j.ObjectExistsException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OperationNotSupportedException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.it.CephTest;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Locks are held by whom they say, and keep the others out. */
@CephTest
class LocksIT {
  private static final long MIB = 1 << 20;

  private final CephCluster ceph;
  private final Cluster cluster;
  private final Rbd rbd;
  private final String name = Names.unique("locks");

  LocksIT(CephCluster ceph, Cluster cluster, Rbd rbd) {
    this.ceph = ceph;
    this.cluster = cluster;
    this.rbd = rbd;
  }

  /** A connection whose client can lose its locks without harm to the other tests. */
  private Cluster another() {
    return ceph.client().connect();
  }

  private static void closeBlocklisted(Image image) {
    try {
      image.close();
    } catch (RbdException e) {
      assertThat(e).isInstanceOf(ClientBlocklistedException.class);
    }
    assertThat(image.isClosed()).isTrue();
  }

  /** Locks that the clients respect of their own will, on an image without exclusive-lock. */
  @Nested
  class Advisory {
    private Image image;
    private AdvisoryLocks locks;

    @BeforeEach
    void create() {
      ImageOptions options = new ImageOptions().features(EnumSet.of(Feature.LAYERING));
      rbd.create(name, MIB, options);
      image = rbd.open(name);
      locks = image.advisoryLocks();
    }

    @AfterEach
    void remove() {
      image.close();
      rbd.remove(name);
    }

    @Test
    void nobodyHoldsANewLock() {
      assertThat(locks.list()).isEqualTo(new Lockers(false, "", List.of()));
    }

    @Test
    void anExclusiveLockHasOneHolder() {
      locks.lockExclusive("cookie");
      Lockers lockers = locks.list();
      assertThat(lockers.exclusive()).isTrue();
      assertThat(lockers.tag()).isEmpty();
      Locker holder = lockers.lockers().getFirst();
      assertThat(lockers.lockers()).hasSize(1);
      assertThat(holder.client()).isEqualTo("client." + cluster.instanceId());
      assertThat(holder.cookie()).isEqualTo("cookie");
      assertThat(holder.address()).startsWith("127.0.0.1:");
      assertThat(ceph.rbd("lock", "ls", "rbd/" + name, "--format", "json"))
          .contains("\"id\":\"cookie\"", "\"locker\":\"" + holder.client() + "\"");
      assertThatThrownBy(() -> locks.lockExclusive("cookie"))
          .isInstanceOf(ObjectExistsException.class);
      assertThatThrownBy(() -> locks.lockExclusive("other"))
          .isInstanceOf(ObjectBusyException.class)
          .hasMessageContaining("the advisory lock of image rbd/" + name);
      assertThatThrownBy(() -> locks.lockShared("other", "tag"))
          .isInstanceOf(ObjectBusyException.class);
      locks.unlock("cookie");
      assertThat(locks.list().lockers()).isEmpty();
      assertThatThrownBy(() -> locks.unlock("cookie")).isInstanceOf(ObjectNotFoundException.class);
    }

    @Test
    void aSharedLockHasManyHolders() {
      List<String> cookies = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        cookies.add("c".repeat(40) + i); // more than the first buffers hold
        locks.lockShared(cookies.getLast(), "tag");
      }
      Lockers lockers = locks.list();
      assertThat(lockers.exclusive()).isFalse();
      assertThat(lockers.tag()).isEqualTo("tag");
      assertThat(lockers.lockers())
          .extracting(Locker::cookie)
          .containsExactlyInAnyOrderElementsOf(cookies);
      assertThat(lockers.lockers())
          .extracting(Locker::client)
          .containsOnly("client." + cluster.instanceId());
      assertThat(lockers.lockers()).extracting(Locker::address).noneMatch(String::isEmpty);
      assertThatThrownBy(() -> locks.lockShared("x", "another tag"))
          .isInstanceOf(ObjectBusyException.class);
      assertThatThrownBy(() -> locks.lockExclusive("x")).isInstanceOf(ObjectBusyException.class);
      cookies.forEach(locks::unlock);
      assertThat(locks.list().lockers()).isEmpty();
    }

    @Test
    void anEmptyCookieIsACookie() {
      locks.lockShared("", "tag");
      locks.lockShared("x", "tag");
      assertThat(locks.list().lockers())
          .extracting(Locker::cookie)
          .containsExactlyInAnyOrder("", "x");
      locks.unlock("");
      locks.unlock("x");
    }

    @Test
    void aBrokenLockIsFreeAndItsHolderIsOut() {
      try (Cluster victim = another();
          IoContext io = victim.ioContext("rbd")) {
        Image its = new Rbd(io).open(name);
        its.advisoryLocks().lockExclusive("its");
        Locker holder = locks.list().lockers().getFirst();
        assertThat(holder.client()).isEqualTo("client." + victim.instanceId());
        assertThatThrownBy(() -> locks.breakLock(holder.client(), "wrong"))
            .isInstanceOf(ObjectNotFoundException.class);
        assertThatThrownBy(() -> locks.breakLock("client.1", "its"))
            .isInstanceOf(ObjectNotFoundException.class);
        locks.breakLock(holder.client(), holder.cookie());
        assertThat(locks.list().lockers()).isEmpty();
        locks.lockExclusive("ours");
        locks.unlock("ours");
        Await.until("the client learns that it is blocklisted", () -> isBlocklisted(its));
        closeBlocklisted(its);
      }
    }

    @Test
    void whoBreaksALockMaySpareItsHolder() {
      try (Cluster kind = ceph.client().option("rbd_blocklist_on_break_lock", "false").connect();
          IoContext io = kind.ioContext("rbd");
          Image its = new Rbd(io).open(name)) {
        locks.lockExclusive("ours");
        its.advisoryLocks().breakLock("client." + cluster.instanceId(), "ours");
        assertThat(locks.list().lockers()).isEmpty();
        image.writeAt(0, new byte[512]);
        image.flush();
      }
    }

    @Test
    void withoutTheFeatureThereIsNoExclusiveLock() {
      ExclusiveLock lock = image.exclusiveLock();
      assertThat(lock.isOwner()).isFalse();
      assertThatThrownBy(() -> lock.acquire(LockMode.EXCLUSIVE))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("the exclusive lock of image rbd/" + name);
      assertThatThrownBy(lock::release).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(lock::owners).isInstanceOf(InvalidRequestException.class);
    }
  }

  private static boolean isBlocklisted(Image image) {
    try {
      image.writeAt(0, new byte[512]);
      image.flush();
      return false;
    } catch (ClientBlocklistedException e) {
      return true;
    }
  }

  /** The lock of the exclusive-lock feature. */
  @Nested
  class Managed {
    private Image image;
    private ExclusiveLock lock;

    @BeforeEach
    void create() {
      rbd.create(name, MIB);
      image = rbd.open(name);
      lock = image.exclusiveLock();
    }

    @AfterEach
    void remove() {
      image.close();
      rbd.remove(name);
    }

    @Test
    void nobodyHoldsTheLockOfAnUnusedImage() {
      assertThat(lock.isOwner()).isFalse();
      assertThat(lock.owners()).isEmpty();
      assertThatThrownBy(lock::release).isInstanceOf(InvalidRequestException.class);
    }

    @Test
    void aWriteTakesTheLock() {
      image.writeAt(0, new byte[512]);
      assertThat(lock.isOwner()).isTrue();
      try (Image fresh = rbd.openReadOnly(name)) {
        Lockers lockers = fresh.advisoryLocks().list();
        assertThat(lockers.tag()).isEqualTo("internal");
        assertThat(lockers.lockers())
            .singleElement()
            .satisfies(l -> assertThat(l.client()).isEqualTo("client." + cluster.instanceId()));
      }
      assertThatThrownBy(() -> image.advisoryLocks().lockExclusive("x"))
          .isInstanceOf(ObjectBusyException.class);
    }

    @Test
    void anAcquiredLockHasAnOwner() {
      lock.acquire(LockMode.EXCLUSIVE);
      assertThat(lock.isOwner()).isTrue();
      Owners owners = lock.owners().orElseThrow();
      assertThat(owners.mode()).isEqualTo(LockMode.EXCLUSIVE);
      assertThat(owners.modeValue()).isEqualTo(LockMode.EXCLUSIVE.value());
      assertThat(owners.owners()).singleElement().asString().startsWith("127.0.0.1:");
      lock.release();
      assertThat(lock.isOwner()).isFalse();
      assertThat(lock.owners()).isEmpty();
      assertThatThrownBy(lock::release).isInstanceOf(InvalidRequestException.class);
    }

    @Test
    void whoeverDoesNotHoldAnAcquiredLockCannotWrite() {
      lock.acquire(LockMode.EXCLUSIVE);
      try (Image other = rbd.open(name)) {
        assertThat(other.exclusiveLock().isOwner()).isFalse();
        assertThat(other.exclusiveLock().owners()).isEqualTo(lock.owners());
        assertThatThrownBy(() -> other.writeAt(0, new byte[512]))
            .isInstanceOf(ReadOnlyImageException.class);
        assertThat(other.readAt(0, new byte[512])).isEqualTo(512);
        image.writeAt(0, Bytes.random(512, 1));
        lock.release();
        Await.until("the other can write", () -> canWrite(other, Bytes.random(512, 2)));
        assertThat(other.exclusiveLock().isOwner()).isTrue();
        Bytes.assertEqual(Bytes.of(image, 0, 512), Bytes.random(512, 2));
      }
    }

    @Test
    void whoeverAcquiresDoesNotTakeTheLockByWritingAnyMore() {
      lock.acquire(LockMode.EXCLUSIVE);
      try (Image other = rbd.open(name)) {
        assertThatThrownBy(() -> other.exclusiveLock().acquire(LockMode.EXCLUSIVE))
            .isInstanceOf(ReadOnlyImageException.class);
        lock.release();
        for (Image each : new Image[] {image, other}) {
          assertThatThrownBy(() -> each.writeAt(0, new byte[512]))
              .isInstanceOf(ReadOnlyImageException.class);
        }
        other.exclusiveLock().acquire(LockMode.EXCLUSIVE);
        other.writeAt(0, new byte[512]);
        other.exclusiveLock().release();
      }
    }

    /** A client that was refused the lock hears a moment later that it is free. */
    private static boolean canWrite(Image image, byte[] data) {
      try {
        image.writeAt(0, data);
        image.flush();
        return true;
      } catch (ReadOnlyImageException e) {
        return false;
      }
    }

    @Test
    void aLockThatNobodyAcquiredMovesToWhoeverWrites() {
      try (Image other = rbd.open(name)) {
        for (int i = 0; i < 5; i++) {
          image.writeAt(0, Bytes.random(512, i));
          assertThat(lock.isOwner()).isTrue();
          assertThat(other.exclusiveLock().isOwner()).isFalse();
          other.writeAt(512, Bytes.random(512, i));
          assertThat(other.exclusiveLock().isOwner()).isTrue();
          assertThat(lock.isOwner()).isFalse();
        }
      }
    }

    @Test
    void closingTheImageReleasesTheLock() {
      Image other = rbd.open(name);
      other.exclusiveLock().acquire(LockMode.EXCLUSIVE);
      other.close();
      lock.acquire(LockMode.EXCLUSIVE);
      assertThat(lock.isOwner()).isTrue();
    }

    @Test
    void aTransientLockMakesOthersWaitWhereLibrbdHasIt() {
      try {
        lock.acquire(LockMode.EXCLUSIVE_TRANSIENT);
      } catch (OperationNotSupportedException olderLibrbd) {
        assertThat(NativeSymbols.has("rbd_group_get_id")).as("librbd of Ceph 20").isFalse();
        assertThat(lock.isOwner()).isFalse();
        return;
      }
      assertThat(lock.isOwner()).isTrue();
      try (Image other = rbd.open(name)) {
        CompletableFuture<Void> write =
            Await.inBackground(() -> other.writeAt(0, Bytes.random(512, 1)));
        // Where it would fail at once if the mode were EXCLUSIVE.
        assertThatThrownBy(() -> write.get(2, TimeUnit.SECONDS))
            .isInstanceOf(TimeoutException.class);
        assertThat(lock.isOwner()).isTrue();
        lock.release();
        write.join();
        assertThat(other.exclusiveLock().isOwner()).isTrue();
        assertThat(lock.isOwner()).isFalse();
        Bytes.assertEqual(Bytes.of(image, 0, 512), Bytes.random(512, 1));
      }
    }

    @Test
    void modesThatLibrbdDoesNotHaveAreRefused() {
      assertThatThrownBy(() -> lock.acquire(LockMode.SHARED))
          .isInstanceOf(OperationNotSupportedException.class);
      assertThatThrownBy(() -> lock.acquire(LockMode.UNKNOWN))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(lock.isOwner()).isFalse();
    }

    @Test
    void aBrokenLockIsFreeAndItsHolderIsOut() {
      try (Cluster victim = another();
          IoContext io = victim.ioContext("rbd")) {
        Image its = new Rbd(io).open(name);
        its.exclusiveLock().acquire(LockMode.EXCLUSIVE);
        assertThatThrownBy(() -> lock.breakLock(LockMode.EXCLUSIVE, "1.2.3.4:0/5"))
            .isInstanceOf(ObjectBusyException.class);
        String owner = lock.owners().orElseThrow().owners().getFirst();
        lock.breakLock(LockMode.EXCLUSIVE, owner);
        lock.acquire(LockMode.EXCLUSIVE);
        assertThat(lock.isOwner()).isTrue();
        Await.until("the client learns that it is blocklisted", () -> isBlocklisted(its));
        closeBlocklisted(its);
      }
      image.writeAt(0, new byte[512]);
    }

    @Test
    void aLockThatNobodyHoldsCannotBeBroken() {
      assertThatThrownBy(() -> lock.breakLock(LockMode.EXCLUSIVE, "127.0.0.1:0/1"))
          .isInstanceOf(ObjectNotFoundException.class);
    }
  }
}
