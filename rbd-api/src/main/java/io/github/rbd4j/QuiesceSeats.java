package io.github.rbd4j;

import static io.github.rbd4j.bindings.librbd_h.rbd_quiesce_complete;
import static io.github.rbd4j.bindings.librbd_h.rbd_quiesce_watch;

import io.github.rbd4j.internal.Errno;
import io.github.rbd4j.internal.Failures;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.Operation;
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
 *
 * <p>Nor can the first watch of a handle be registered at any time. A handle without a watch agrees
 * to a quiesce by itself; if it has one when the unquiesce comes, librbd aborts the process. So the
 * watches have a handle of their own, which is used only if its first watch was registered before
 * it was told of any quiesce. {@link HeaderWatch} knows.
 */
final class QuiesceSeats {
  /** One takes some 10 ms, and is in vain only if a snapshot begins meanwhile. */
  private static final int ATTEMPTS = 200;

  private final Image image;
  private final NativeHandle owner;
  private final ArrayDeque<Seat> free = new ArrayDeque<>();

  /** The handle that has the watches, from the first one on. */
  private @Nullable NativeHandle watched;

  QuiesceSeats(Image image, NativeHandle owner) {
    this.image = image;
    this.owner = owner;
  }

  /** Gives somebody a seat. The caller has acquired the image. */
  Seat take(QuiesceWatch.Bridge occupant) {
    synchronized (free) {
      Seat seat = free.poll();
      if (seat == null) {
        seat = watched == null ? first() : next(watched);
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

  private Operation operation() {
    return owner.operation("watch quiesces of");
  }

  private Seat first() {
    return Handles.of(image.rbd().ioContext())
        .use(
            (pool, _) -> {
              try (HeaderWatch header = new HeaderWatch(pool, image, operation())) {
                for (int i = 0; i < ATTEMPTS; i++) {
                  Seat seat = firstOfNewHandle(header);
                  if (seat != null) {
                    return seat;
                  }
                }
              }
              throw Failures.toException(
                  Errno.EBUSY.result(), operation(), "snapshots are taken all the time");
            });
  }

  private @Nullable Seat firstOfNewHandle(HeaderWatch header) {
    header.startOver();
    NativeHandle opened = image.rbd().openAgain(image, owner);
    boolean used = false;
    try {
      Seat seat = new Seat(opened);
      used = header.doUnlessQuiesced(seat::register);
      if (used) {
        watched = opened;
        return seat;
      }
      return null;
    } finally {
      if (!used) {
        opened.close();
      }
    }
  }

  private Seat next(NativeHandle handle) {
    Seat seat = new Seat(handle);
    Failures.check(seat.register(), operation());
    return seat;
  }

  /** A quiesce watch of librbd. */
  static final class Seat implements QuiesceCallbacks {
    private final MemorySegment image;
    private final Upcalls.Registration registration;
    private long id;
    private QuiesceWatch.@Nullable Bridge occupant;

    /** The handle is closed after all answers were given. */
    private Seat(NativeHandle handle) {
      image = handle.use((pointer, _) -> pointer);
      registration = Upcalls.register(this);
      handle.afterClose(registration::close);
    }

    /** Registers this, which does not block. */
    private synchronized long register() { // a quiesce that comes at once waits for the id
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
        int result =
            rbd_quiesce_watch(
                image,
                Upcalls.quiesceStub(),
                Upcalls.unquiesceStub(),
                registration.argument(),
                out);
        id = out.get(ValueLayout.JAVA_LONG, 0);
        return result;
      }
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

    /** Answers a quiesce. librbd aborts the process when one is answered twice. */
    private void complete(int result) {
      rbd_quiesce_complete(image, id(), result);
    }
  }
}
