package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_quiesce_complete;
import static io.github.rbd4j.bindings.librbd_h.rbd_quiesce_watch;

import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.QuiesceCallbacks;
import io.github.rbd4j.internal.Upcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The quiesce watches that librbd has of an image. They stay until the image is closed; an ended
 * {@link QuiesceWatch} leaves its seat to the next one, and a free seat agrees to each snapshot.
 *
 * <p>The reason is that {@code int rbd_quiesce_unwatch(rbd_image_t image, uint64_t handle)} cannot
 * be called safely (measured with Ceph 16). It never returns when the last watch of the image goes
 * while a quiesce runs, or any while librbd ends another at the end of an unquiesce. And when the
 * last one goes between a quiesce and its unquiesce, no quiesce of the image is ever answered
 * again. A caller cannot know what runs just then. What is not unregistered costs librbd some 50
 * bytes.
 */
final class QuiesceSeats {
  private final NativeHandle owner;
  private final ArrayDeque<Seat> free = new ArrayDeque<>();

  QuiesceSeats(NativeHandle owner) {
    this.owner = owner;
  }

  /** Gives somebody a seat. The caller has acquired the image. */
  Seat take(MemorySegment image, QuiesceWatch.Bridge occupant) {
    synchronized (free) {
      Seat seat = free.poll();
      if (seat == null) {
        seat = new Seat(image);
        register(seat);
      }
      seat.occupy(occupant);
      return seat;
    }
  }

  void giveBack(Seat seat) {
    seat.occupy(null);
    synchronized (free) {
      free.add(seat);
    }
  }

  /**
   * Registers a seat.
   *
   * <p>Implements: {@code int rbd_quiesce_watch(rbd_image_t image, rbd_update_callback_t
   * quiesce_cb, rbd_update_callback_t unquiesce_cb, void *arg, uint64_t *handle)}
   */
  private void register(Seat seat) {
    Upcalls.Registration registration = Upcalls.register(seat);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      synchronized (seat) { // a quiesce that comes at once waits for the id
        Failures.check(
            rbd_quiesce_watch(
                seat.image,
                Upcalls.quiesceStub(),
                Upcalls.unquiesceStub(),
                registration.argument(),
                out),
            owner.operation("watch quiesces of"));
        seat.id = out.get(ValueLayout.JAVA_LONG, 0);
      }
    } catch (RuntimeException e) {
      registration.close();
      throw e;
    }
    owner.afterClose(registration::close);
  }

  /** A quiesce watch of librbd. */
  static final class Seat implements QuiesceCallbacks {
    private final MemorySegment image;
    private long id;
    private QuiesceWatch.@Nullable Bridge occupant;

    /** The image outlives this, for it is closed after all answers were given. */
    private Seat(MemorySegment image) {
      this.image = image;
    }

    synchronized long id() {
      return id;
    }

    private synchronized void occupy(QuiesceWatch.@Nullable Bridge newOccupant) {
      occupant = newOccupant;
    }

    private synchronized QuiesceWatch.@Nullable Bridge occupant() {
      return occupant;
    }

    @Override
    public void onQuiesce() {
      QuiesceWatch.Bridge asked = occupant();
      if (asked == null) {
        complete(0);
      } else {
        asked.onQuiesce(this::complete);
      }
    }

    @Override
    public void onUnquiesce() {
      QuiesceWatch.Bridge told = occupant();
      if (told != null) {
        told.onUnquiesce();
      }
    }

    /**
     * Answers a quiesce. librbd aborts the process when one is answered twice.
     *
     * <p>Implements: {@code void rbd_quiesce_complete(rbd_image_t image, uint64_t handle, int r)}
     */
    private void complete(int result) {
      rbd_quiesce_complete(image, id(), result);
    }
  }
}
