package io.github.rbd4j.rados;

import io.github.rbd4j.internal.ClusterLogListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Hands the lines of the cluster log to SLF4J. */
enum ClusterLog implements ClusterLogListener {
  INSTANCE;

  private static final Logger LOG = LoggerFactory.getLogger("io.github.rbd4j.clusterlog");

  @Override
  public void onLine(String level, String line) {
    LOG.atLevel(levelOf(level)).log(line);
  }

  private static Level levelOf(String name) {
    return switch (name) {
      case "[DBG]", "debug" -> Level.DEBUG;
      case "[WRN]", "[SEC]", "warn", "warning", "sec" -> Level.WARN;
      case "[ERR]", "err", "error" -> Level.ERROR;
      default -> Level.INFO;
    };
  }
}
