package io.github.rbd4j.encryption;

import static io.github.rbd4j.bindings.librbd_h.rbd_encryption_format;
import static io.github.rbd4j.bindings.librbd_h.rbd_encryption_load;
import static io.github.rbd4j.bindings.librbd_h.rbd_encryption_load2;

import io.github.rbd4j.Image;
import io.github.rbd4j.bindings.rbd_encryption_spec_t;
import io.github.rbd4j.internal.Handles;
import io.github.rbd4j.internal.NativeHandle;
import io.github.rbd4j.internal.NativeSymbols;
import io.github.rbd4j.internal.OffCarrier;
import io.github.rbd4j.internal.Operation;
import io.github.rbd4j.internal.Subject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Encryption of an open image on the side of the client. It is a view of the {@link Image} and
 * costs nothing. Once a format is loaded, the image object reads and writes plain data, and its
 * size and offsets are those of the data.
 *
 * <p>Formatting and loading derive a key from the passphrase on purpose slowly: they take seconds
 * of processor time.
 */
public final class Encryption {
  private final NativeHandle handle;

  /**
   * Makes the view.
   *
   * @param image the image
   */
  public Encryption(Image image) {
    this.handle = Handles.of(image);
  }

  /**
   * Writes the header of a format. The data that the image had is lost. The header takes room away
   * from the image. For an image that is no clone the format is loaded with it.
   *
   * <p>If it fails, no encryption is loaded any more, also if one was before: what is written then
   * is not encrypted.
   *
   * <p>Implements: {@code int rbd_encryption_format(rbd_image_t image, rbd_encryption_format_t
   * format, rbd_encryption_options_t opts, size_t opts_size)}
   *
   * @param format LUKS version 1 or 2
   * @throws IllegalArgumentException if the format can only be loaded
   * @throws io.github.rbd4j.NoSpaceException if the image is smaller than the header
   * @throws io.github.rbd4j.OperationNotSupportedException if the image has a journal; with librbd
   *     of Ceph 16, if it is a clone
   */
  public void format(EncryptionFormat format) {
    if (format.canOnlyBeLoaded()) {
      throw new IllegalArgumentException(format + " can only be loaded");
    }
    // What is there already is not the image.
    Operation formatting =
        handle.operation("format the encryption of").on(Subject.OTHER, "image " + handle.name());
    call(
        formatting,
        format,
        (image, struct) ->
            rbd_encryption_format(image, format.number(), struct, struct.byteSize()));
  }

  /**
   * Opens the encryption of the image, and of its parents if it is a clone.
   *
   * <p>Implements: {@code int rbd_encryption_load(rbd_image_t image, rbd_encryption_format_t
   * format, rbd_encryption_options_t opts, size_t opts_size)}
   *
   * @param format the format that the image has
   * @throws io.github.rbd4j.WrongPassphraseException if the passphrase is wrong
   * @throws io.github.rbd4j.InvalidRequestException if the image does not have the format; with
   *     librbd of Ceph 18 or newer, if another tool has put the header there and the data does not
   *     begin with an object
   * @throws io.github.rbd4j.ObjectExistsException if the encryption is open already
   * @throws UnsupportedOperationException if the format is {@link EncryptionFormat#luks} and the
   *     loaded librbd is older than Ceph 18
   */
  public void load(EncryptionFormat format) {
    if (format.canOnlyBeLoaded()) {
      NativeSymbols.require("rbd_encryption_load2"); // came with this format
    }
    call(
        loading(),
        format,
        (image, struct) -> rbd_encryption_load(image, format.number(), struct, struct.byteSize()));
  }

  /** A call with the options of a format. */
  @FunctionalInterface
  private interface FormatCall {
    long on(MemorySegment image, MemorySegment options);
  }

  private void call(Operation operation, EncryptionFormat format, FormatCall call) {
    callInArena(
        operation,
        (image, arena) -> {
          EncryptionFormat.NativeOptions options = format.toNative(arena);
          try {
            return call.on(image, options.struct());
          } finally {
            options.erase();
          }
        });
  }

  /** Not on the carrier of a virtual thread: to derive a key takes seconds. */
  private void callInArena(Operation operation, NativeHandle.ArenaCall call) {
    handle.setEncrypted();
    OffCarrier.run(() -> handle.callInArena(operation, call));
  }

  /**
   * Opens the encryption of a clone whose parents have other formats or passphrases. Needs librbd
   * of Ceph 18 or newer.
   *
   * <p>Implements: {@code int rbd_encryption_load2(rbd_image_t image, const rbd_encryption_spec_t
   * *specs, size_t spec_count)}
   *
   * @param formats the format of the image, of its parent, of the parent of that, and so on; the
   *     last one holds for the rest
   * @throws io.github.rbd4j.WrongPassphraseException if a passphrase is wrong
   * @throws io.github.rbd4j.InvalidRequestException if an image does not have its format
   * @throws UnsupportedOperationException if the loaded librbd is older
   */
  public void load(List<EncryptionFormat> formats) {
    List<EncryptionFormat> those = List.copyOf(formats); // they must not change in between
    if (those.isEmpty()) {
      throw new IllegalArgumentException("there are no formats");
    }
    NativeSymbols.require("rbd_encryption_load2");
    callInArena(
        loading(),
        (image, arena) -> {
          List<EncryptionFormat.NativeOptions> all = new ArrayList<>();
          try {
            MemorySegment specs = rbd_encryption_spec_t.allocateArray(those.size(), arena);
            for (int i = 0; i < those.size(); i++) {
              EncryptionFormat.NativeOptions options = those.get(i).toNative(arena);
              all.add(options);
              MemorySegment spec = rbd_encryption_spec_t.asSlice(specs, i);
              rbd_encryption_spec_t.format(spec, those.get(i).number());
              rbd_encryption_spec_t.opts(spec, options.struct());
              rbd_encryption_spec_t.opts_size(spec, options.struct().byteSize());
            }
            return rbd_encryption_load2(image, specs, those.size());
          } finally {
            all.forEach(EncryptionFormat.NativeOptions::erase);
          }
        });
  }

  private Operation loading() {
    return handle.operation("load the encryption of").on(Subject.ENCRYPTION, handle.name());
  }

  @Override
  public String toString() {
    return "encryption of " + handle;
  }
}
