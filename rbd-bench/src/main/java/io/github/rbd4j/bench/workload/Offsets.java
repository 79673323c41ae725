package io.github.rbd4j.bench.workload;

/** Offsets of blocks, in order or at random; the same numbers as in the peers. */
final class Offsets {
  private final long blocks;
  private final long size;
  private final boolean sequential;
  private long state = 0x9E3779B97F4A7C15L;
  private long position;

  Offsets(long blocks, long size, boolean sequential) {
    this.blocks = blocks;
    this.size = size;
    this.sequential = sequential;
  }

  long next() {
    return (sequential ? position++ : random()) % blocks * size;
  }

  private long random() {
    state ^= state << 13;
    state ^= state >>> 7;
    state ^= state << 17;
    return state >>> 33;
  }
}
