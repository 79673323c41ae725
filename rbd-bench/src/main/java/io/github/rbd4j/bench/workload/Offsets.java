package io.github.rbd4j.bench.workload;

/** Offsets of blocks, in order or at random; the same numbers as in the peers. */
final class Offsets {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long blocks;
  private final long size;
  private final boolean sequential;
  private long state;
  private long position;

  Offsets(long blocks, long size, boolean sequential) {
    this(blocks, size, sequential, 1);
  }

  /** With a seed, which is not 0, others are at other places at the same time. */
  Offsets(long blocks, long size, boolean sequential, long seed) {
    this.blocks = blocks;
    this.size = size;
    this.sequential = sequential;
    this.state = GOLDEN * seed;
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
