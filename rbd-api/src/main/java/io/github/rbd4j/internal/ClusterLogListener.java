package io.github.rbd4j.internal;

/** Told each line of the cluster log. */
@FunctionalInterface
public interface ClusterLogListener {
  /** Called for one line, on a thread of librados. */
  void onLine(String level, String line);
}
