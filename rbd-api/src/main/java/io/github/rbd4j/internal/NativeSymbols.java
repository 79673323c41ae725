package io.github.rbd4j.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries: whether they can be loaded, and what they contain. Every entry point of the
 * library calls {@link #load()} before it touches the generated bindings, so that what is missing
 * is said in words; a function that some supported release lacks is preceded by {@link #require}.
 */
public final class NativeSymbols {
  private static final String[] LIBRARIES = {"librbd.so.1", "librados.so.2"};

  /** The functions that a public method needs, and the release of Ceph that brought each. */
  public static final Map<String, Integer> SINCE =
      Map.of(
          "rbd_aio_compare_and_writev", 18,
          "rbd_diff_iterate3", 18,
          "rbd_encryption_load2", 18,
          "rbd_aio_write_with_crc32c", 20,
          "rbd_clone4", 20,
          "rbd_group_get_id", 20,
          "rbd_group_snap_get_info", 20,
          "rbd_mirror_remote_namespace_get", 20,
          "rbd_mirror_remote_namespace_set", 20);

  /** What {@link #has} has looked up: the libraries stay what they are. */
  private static final Map<String, Boolean> FOUND = new ConcurrentHashMap<>();

  private static volatile @Nullable SymbolLookup loaded;

  private NativeSymbols() {}

  /**
   * Makes sure that the native libraries are there.
   *
   * @throws UnsatisfiedLinkError if one is missing; names the packages that have it
   * @throws IllegalCallerException if native access is denied; names the flag that grants it
   * @throws UnsupportedOperationException if this platform is not 64-bit little-endian Linux
   */
  public static void load() {
    if (loaded == null) {
      loaded = find();
    }
  }

  /** Whether the loaded libraries have a function. */
  public static boolean has(String function) {
    load();
    SymbolLookup lookup = Objects.requireNonNull(loaded);
    return FOUND.computeIfAbsent(function, name -> lookup.find(name).isPresent());
  }

  /**
   * Makes sure that a function of {@link #SINCE} is there.
   *
   * @throws UnsupportedOperationException if the loaded library lacks it; names the function, the
   *     release that brought it, and the version that is loaded
   */
  public static void require(String function) {
    if (!has(function)) {
      throw new UnsupportedOperationException(
          function
              + " needs librbd of Ceph "
              + SINCE.get(function)
              + " or newer; "
              + Versions.librbd()
              + " is loaded");
    }
  }

  @SuppressWarnings("restricted")
  private static SymbolLookup find() {
    Platform.require();
    SymbolLookup all = null;
    for (String library : LIBRARIES) {
      SymbolLookup one = find(library);
      all = all == null ? one : all.or(one);
    }
    return Objects.requireNonNull(all);
  }

  @SuppressWarnings("restricted")
  private static SymbolLookup find(String library) {
    try {
      return SymbolLookup.libraryLookup(library, Arena.global());
    } catch (IllegalCallerException e) {
      throw denied(e);
    } catch (IllegalArgumentException e) {
      throw missing(library, e);
    }
  }

  private static UnsatisfiedLinkError missing(String library, IllegalArgumentException cause) {
    UnsatisfiedLinkError error =
        new UnsatisfiedLinkError(
            library
                + " cannot be loaded. Install the client libraries of Ceph:"
                + " Debian, Ubuntu: apt install librbd1 librados2;"
                + " Fedora, RHEL: dnf install librbd1 librados2;"
                + " Alpine: apk add librbd19 librados19, the number being the release of Ceph."
                + " Libraries outside the standard folders are found through LD_LIBRARY_PATH.");
    error.initCause(cause);
    return error;
  }

  private static IllegalCallerException denied(IllegalCallerException cause) {
    Module module = NativeSymbols.class.getModule();
    String modules = module.isNamed() ? "io.github.rbd4j,io.github.rbd4j.bindings" : "ALL-UNNAMED";
    return new IllegalCallerException(
        "rbd4j calls native code, which this JVM denies: run it with --enable-native-access="
            + modules,
        cause);
  }
}
