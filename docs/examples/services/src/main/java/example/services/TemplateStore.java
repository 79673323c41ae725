package example.services;

import io.github.rbd4j.Feature;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.LinkedImage;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.Snapshot;
import java.nio.channels.ReadableByteChannel;
import java.nio.ByteBuffer;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * What an orchestrator of virtual machines does with images, in the way of CloudStack: a template is
 * uploaded once and protected, each machine gets a clone of it, a machine that is to outlive its
 * template is flattened, and the template goes when nothing hangs on it any more.
 */
public final class TemplateStore {
  private static final String BASE = "cloudstack-base-snap";

  private final Rbd rbd;

  public TemplateStore(Rbd rbd) {
    this.rbd = rbd;
  }

  /** Uploads a template and makes it ready for cloning. An upload that fails leaves nothing. */
  public void register(String template, long size, ReadableByteChannel content) throws IOException {
    ImageOptions options = new ImageOptions().features(Set.of(Feature.LAYERING));
    rbd.create(template, size, options);
    try {
      upload(template, content);
    } catch (IOException | RuntimeException e) {
      delete(template);
      throw e;
    }
  }

  private void upload(String template, ReadableByteChannel content) throws IOException {
    try (Image image = rbd.open(template)) {
      ByteBuffer block = ByteBuffer.allocateDirect(4 << 20);
      for (long offset = 0; content.read(block) >= 0; ) {
        block.flip();
        int length = block.remaining();
        image.writeAt(offset, block);
        offset += length;
        block.clear();
      }
      image.flush();
      image.createSnapshot(BASE).protect();
    }
  }

  /** Makes the disk of a machine, and lets it grow to the size that was ordered. */
  public void createDisk(String template, String disk, long size) {
    ImageOptions options = new ImageOptions().cloneFormat(1).features(Set.of(Feature.LAYERING));
    rbd.clone(template, BASE, rbd, disk, options);
    try (Image image = rbd.open(disk)) {
      if (image.size() < size) {
        image.resize(size, false);
      }
    }
  }

  /** Makes a disk independent of its template. */
  public void detach(String disk) {
    try (Image image = rbd.open(disk)) {
      if (image.parent().isPresent()) {
        image.flatten((done, total) -> {});
      }
    }
  }

  /** The disks that still hang on a template. */
  public List<String> disksOf(String template) {
    try (Image image = rbd.openReadOnly(template)) {
      return image.children().stream().map(LinkedImage::name).sorted().toList();
    }
  }

  /** Removes a disk with its snapshots. */
  public void deleteDisk(String disk) {
    try (Image image = rbd.open(disk)) {
      image.snapshots().forEach(snapshot -> image.snapshot(snapshot.name()).remove());
    }
    rbd.remove(disk);
  }

  /** Removes a template, unless disks hang on it: then this throws ImageBusyException. */
  public void delete(String template) {
    try (Image image = rbd.open(template)) {
      Snapshot base = image.snapshot(BASE);
      if (base.exists()) { // not if the upload failed
        if (base.isProtected()) {
          base.unprotect();
        }
        base.remove();
      }
    }
    rbd.remove(template);
  }
}
