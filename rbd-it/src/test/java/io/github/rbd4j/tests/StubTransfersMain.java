package io.github.rbd4j.tests;

import io.github.rbd4j.AsyncImage;
import io.github.rbd4j.Image;
import io.github.rbd4j.IncompleteWriteException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.tests.Stub.Answer;
import io.github.rbd4j.tests.Stub.Mode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Reads and writes on the stub library: what is cut off, and what is too large for one call. */
public final class StubTransfersMain {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long GIB = 1L << 30;

  private final Stub stub = new Stub();
  private final Image image = new Rbd(Cluster.builder().connect().ioContext("rbd")).open("x");
  private int failures;

  private StubTransfersMain() {}

  private void expect(boolean holds, Object what) {
    if (!holds) {
      System.out.println("wrong: " + what);
      failures++;
    }
  }

  /** Calls what writes 4096 bytes at the offset 4096, of which less is done than was asked for. */
  private int cutOff() {
    PublicApi api = new PublicApi(image, image.async());
    int tried = 0;
    for (PublicApi.Call call : api.calls()) {
      String name = call.method().getName();
      if (!(name.startsWith("write") || name.equals("discard") || name.equals("compareAndWrite"))) {
        continue;
      }
      tried++;
      if (call.target() instanceof AsyncImage) {
        assertCutOff(api, call, new Answer(Mode.SHRUNK, PublicApi.SIZE + 1, "rbd_get_size"), 1);
        assertCutOff(api, call, new Answer(Mode.SHRUNK, 0, "rbd_get_size"), 0);
      } else {
        stub.answer(Answer.SUCCESS);
        PublicApi.invoke(call, api.arguments(call), LIMIT);
        for (String function : stub.calls().keySet()) {
          if (!function.equals("rbd_get_size")) {
            boolean oneByte = call.method().getParameterCount() == 4; // of an array
            assertCutOff(api, call, new Answer(Mode.COUNT, 0, function), 0);
            assertCutOff(api, call, new Answer(Mode.COUNT, 1, function), oneByte ? -1 : 1);
          }
        }
      }
    }
    return tried;
  }

  private void assertCutOff(PublicApi api, PublicApi.Call call, Answer answer, long done) {
    Object[] arguments = api.arguments(call);
    stub.answer(answer);
    PublicApi.Outcome outcome = PublicApi.invoke(call, arguments, LIMIT);
    stub.answer(Answer.SUCCESS);
    long seen = outcome.thrown() instanceof IncompleteWriteException e ? e.bytesWritten() : -1;
    expect(seen == done, call + ": " + answer + ": " + outcome);
  }

  private void onVirtualThread(Runnable work) {
    PublicApi.Outcome outcome =
        PublicApi.get(CompletableFuture.runAsync(work, Thread::startVirtualThread), LIMIT);
    expect(outcome.thrown() == null, outcome);
  }

  /** The virtual thread uses the asynchronous function, which cuts off without a word. */
  private void cutOffOnAVirtualThread() {
    stub.answer(new Answer(Mode.SHRUNK, PublicApi.SIZE + 1, "rbd_get_size"));
    onVirtualThread(
        () -> {
          try {
            image.writeAt(PublicApi.SIZE, new byte[PublicApi.SIZE]);
            expect(false, "on a virtual thread");
          } catch (IncompleteWriteException e) {
            expect(e.bytesWritten() == 1, e);
          }
        });
  }

  private void assertCalls(String function, int calls, Runnable work) {
    stub.answer(Answer.SUCCESS);
    work.run();
    Map<String, Integer> made = stub.calls();
    expect(made.getOrDefault(function, 0) == calls, "calls of " + function + ": " + made);
  }

  /** Three GiB of zeros that take no memory. In one call the stub, as librbd, returns nonsense. */
  @SuppressWarnings("restricted")
  private void large(Path file) throws IOException {
    try (FileChannel sparse =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        Arena arena = Arena.ofShared()) {
      // Of a mapped file itself librbd would get copies.
      MemorySegment mapped = sparse.map(FileChannel.MapMode.READ_WRITE, 0, 3 * GIB, arena);
      MemorySegment memory = MemorySegment.ofAddress(mapped.address()).reinterpret(3 * GIB);
      byte[] pattern = new byte[512];
      assertCalls("rbd_read2", 3, () -> expect(image.readAt(0, memory) == 3 * GIB, "read"));
      assertCalls("rbd_write2", 3, () -> image.writeAt(0, memory));
      assertCalls("rbd_discard", 3, () -> image.discard(0, 3 * GIB));
      assertCalls("rbd_write_zeroes", 3, () -> image.writeZeroes(0, 3 * GIB));
      assertCalls("rbd_writesame", 3, () -> image.writeSame(0, 3 * GIB, pattern));
    }
  }

  /** Prints what is wrong, and how many methods were tried. The argument is a file to make. */
  public static void main(String[] arguments) throws IOException {
    StubTransfersMain main = new StubTransfersMain();
    System.out.println(main.cutOff() + " methods write");
    main.cutOffOnAVirtualThread();
    main.large(Path.of(arguments[0]));
    System.out.println(main.failures + " failures");
    Runtime.getRuntime().halt(0); // nothing can be closed on the stub
  }
}
