package io.github.rbd4j.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A new file, which is removed again if it is not finished. */
final class ExportFile {
  private ExportFile() {}

  /** Something that writes a file. */
  @FunctionalInterface
  interface Content {
    void writeTo(FileChannel file) throws IOException;
  }

  /**
   * Creates a file and has it written.
   *
   * @throws java.nio.file.FileAlreadyExistsException if it is there already
   */
  static void create(Path path, Content content) throws IOException {
    FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (file) {
      content.writeTo(file);
    } catch (Throwable failure) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
      throw failure;
    }
  }
}
