package io.github.rbd4j;

import io.github.rbd4j.bindings.rbd_config_option_t;
import io.github.rbd4j.internal.NativeStrings;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.SizedBuffer;
import io.github.rbd4j.internal.SizedBuffer.Sizing;
import io.github.rbd4j.internal.SizedBuffer.Slot;
import java.util.List;

/**
 * A configuration option as it holds for an image or the images of a pool.
 *
 * @param name its name
 * @param value its value
 * @param source where the value comes from
 * @param sourceValue the number of the source, also when this version of rbd4j does not know it
 */
public record ConfigOption(String name, String value, ConfigSource source, int sourceValue) {
  /** The keys of the metadata that begin so are options. */
  static final String METADATA_PREFIX = "conf_";

  /** The key of the metadata that is an option. */
  static String metadataKey(String option) {
    return METADATA_PREFIX + NativeStrings.requireName(option, "option");
  }

  static List<ConfigOption> list(
      Operation operation, SizedBuffer.Fill fill, SizedBuffer.Cleanup cleanup) {
    return SizedBuffer.fetchList(
        operation,
        new Slot(rbd_config_option_t.layout(), 128, Sizing.INT_POINTER),
        fill,
        option -> {
          int source = rbd_config_option_t.source(option);
          return new ConfigOption(
              NativeStrings.read(rbd_config_option_t.name(option)),
              NativeStrings.read(rbd_config_option_t.value(option)),
              ConfigSource.of(source),
              source);
        },
        cleanup);
  }
}
