package io.github.rbd4j;

/**
 * Told each extent of a difference, in ascending order.
 *
 * <p>It may run on a thread of librbd. It must be quick, and must not call rbd4j: a blocking call
 * from here throws {@link IllegalStateException}. To read the data of the extents use {@link
 * Image#diff(DiffOptions)}, which returns them. An exception that it throws stops the iteration and
 * comes out of {@link Image#diffIterate}.
 */
@FunctionalInterface
public interface DiffVisitor {
  /**
   * Called for one extent.
   *
   * @param offset where it begins in the image, in bytes
   * @param length its length in bytes
   * @param exists true if there is data now, false if the range became a hole
   * @return true to go on, false to stop the iteration
   */
  boolean visit(long offset, long length, boolean exists);
}
