package io.github.rbd4j.mirror;

import java.lang.foreign.MemorySegment;

/**
 * A mirrored image in the list of a pool.
 *
 * @param mode how it is mirrored
 * @param modeValue the number of that, also when this version of rbd4j does not know it
 * @param info as what it is mirrored
 */
public record MirroredImage(ImageMirrorMode mode, int modeValue, ImageMirrorInfo info) {
  static MirroredImage read(int mode, MemorySegment info) {
    return new MirroredImage(ImageMirrorMode.of(mode), mode, ImageMirrorInfo.read(info));
  }
}
