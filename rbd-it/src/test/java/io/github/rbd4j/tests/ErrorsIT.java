package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rbd4j.ArgumentOutOfRangeException;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.Feature;
import io.github.rbd4j.FunctionNotSupportedException;
import io.github.rbd4j.Image;
import io.github.rbd4j.ImageBusyException;
import io.github.rbd4j.ImageExistsException;
import io.github.rbd4j.ImageHasSnapshotsException;
import io.github.rbd4j.ImageNotFoundException;
import io.github.rbd4j.ImageOption;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.InvalidRequestException;
import io.github.rbd4j.ObjectNotFoundException;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuotaExceededException;
import io.github.rbd4j.Rbd;
import io.github.rbd4j.RbdException;
import io.github.rbd4j.ReadOnlyImageException;
import io.github.rbd4j.SnapshotExistsException;
import io.github.rbd4j.SnapshotNotFoundException;
import io.github.rbd4j.it.CephTest;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each way to fail has its own exception, which says what failed, on what, and why. */
@CephTest
class ErrorsIT {
  private static final int MIB = 1 << 20;

  private final Rbd rbd;
  private final String name = Names.unique("errors");
  private final String object = "image rbd/" + name;
  private final String missing = Names.unique("missing");
  private Image image;

  ErrorsIT(Rbd rbd) {
    this.rbd = rbd;
  }

  @BeforeEach
  void open() {
    rbd.create(name, 8 * MIB);
    image = rbd.open(name);
  }

  @AfterEach
  void remove() {
    image.close();
    rbd.remove(name);
  }

  @Test
  void whatIsMissingIsEnoent() {
    String none = "image rbd/" + missing;
    Checks.fails(ImageNotFoundException.class, "ENOENT", 2, "open", none, () -> rbd.open(missing));
    Checks.fails(
        ImageNotFoundException.class, "ENOENT", 2, "open", none, () -> rbd.openReadOnly(missing));
    Checks.fails(
        ImageNotFoundException.class, "ENOENT", 2, "remove", none, () -> rbd.remove(missing));
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "rename",
        none,
        () -> rbd.rename(missing, missing + "2"));
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "open",
        "image rbd/id:4711",
        () -> rbd.openById("4711"));
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "open",
        "image rbd/id:4711",
        () -> rbd.openById("4711", OpenOptions.forReading()));
    Checks.fails(
        SnapshotNotFoundException.class,
        "ENOENT",
        2,
        "set",
        "snapshot rbd/" + name + "@none",
        () -> image.setSnapshot("none"));
    Checks.fails(
        SnapshotNotFoundException.class,
        "ENOENT",
        2,
        "diff since",
        "snapshot rbd/" + name + "@none",
        () -> image.diff(DiffOptions.since("none")));
    Checks.fails(
        ObjectNotFoundException.class,
        "ENOENT",
        2,
        "get",
        "key \"none\" of the metadata of image rbd/" + name,
        () -> image.metadata("none"));
    ImageOptions options = new ImageOptions();
    Checks.fails(
        ImageNotFoundException.class,
        "ENOENT",
        2,
        "clone",
        none + "@s to rbd/x",
        () -> rbd.clone(missing, "s", rbd, "x", options));
    assertThat(rbd.exists("x")).isFalse();
  }

  @Test
  void whatExistsAlreadyIsEexist() {
    Checks.fails(
        ImageExistsException.class, "EEXIST", 17, "create", object, () -> rbd.create(name, MIB));
    Checks.fails(
        ImageExistsException.class, "EEXIST", 17, "rename", object, () -> rbd.rename(name, name));
    image.createSnapshot("s");
    String snapshot = "snapshot rbd/" + name + "@s";
    Checks.fails(
        SnapshotExistsException.class,
        "EEXIST",
        17,
        "create",
        snapshot,
        () -> image.createSnapshot("s"));
    Checks.fails(
        SnapshotExistsException.class,
        "EEXIST",
        17,
        "rename",
        snapshot,
        () -> image.snapshot("s").rename("s"));
    image.snapshot("s").remove();
    assertThat(image.size()).isEqualTo(8 * MIB);
  }

  @Test
  void anImageWithSnapshotsIsEnotempty() {
    image.createSnapshot("s");
    image.close();
    Checks.fails(
        ImageHasSnapshotsException.class,
        "ENOTEMPTY",
        39,
        "remove",
        object,
        () -> rbd.remove(name));
    image = rbd.open(name);
    image.snapshot("s").remove();
  }

  @Test
  void whatIsInUseIsEbusy() {
    Checks.fails(ImageBusyException.class, "EBUSY", 16, "remove", object, () -> rbd.remove(name));
    image.createSnapshot("s").protect();
    String snapshot = "snapshot rbd/" + name + "@s";
    Checks.fails(
        ImageBusyException.class,
        "EBUSY",
        16,
        "protect",
        snapshot,
        () -> image.snapshot("s").protect());
    Checks.fails(
        ImageBusyException.class,
        "EBUSY",
        16,
        "remove",
        snapshot,
        () -> image.snapshot("s").remove());
    image.snapshot("s").unprotect();
    image.snapshot("s").remove();
  }

  @Test
  void whatMakesNoSenseIsEinval() {
    image.createSnapshot("s");
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "unprotect",
        "snapshot rbd/" + name + "@s",
        () -> image.snapshot("s").unprotect());
    image.snapshot("s").remove();
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "flatten",
        object,
        () -> image.flatten(ProgressListener.NONE));
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "resize",
        object,
        () -> image.resize(MIB, false));
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "update the features of",
        object,
        () -> image.updateFeatures(EnumSet.of(Feature.LAYERING), false));
    image.updateFeatures(
        EnumSet.of(Feature.OBJECT_MAP, Feature.FAST_DIFF, Feature.EXCLUSIVE_LOCK), false);
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "update the features of",
        object,
        () -> image.updateFeatures(EnumSet.of(Feature.OBJECT_MAP), true));
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "compare and write",
        object,
        () -> image.compareAndWrite(4 * MIB - 512, new byte[1024], new byte[1024]));
  }

  @Test
  void whatIsReadOnlyIsErofs() {
    image.createSnapshot("s");
    for (OpenOptions options : new OpenOptions[] {OpenOptions.forReading(), OpenOptions.at("s")}) {
      try (Image readOnly = rbd.open(name, options)) {
        String fullName = object + (options.snapshot() == null ? "" : "@s");
        Checks.fails(
            ReadOnlyImageException.class,
            "EROFS",
            30,
            "write",
            fullName,
            () -> readOnly.writeAt(0, new byte[1]));
        Checks.fails(
            ReadOnlyImageException.class,
            "EROFS",
            30,
            "discard",
            fullName,
            () -> readOnly.discard(0, 4 * MIB));
        Checks.fails(
            ReadOnlyImageException.class,
            "EROFS",
            30,
            "resize",
            fullName,
            () -> readOnly.resize(MIB, true));
        Checks.fails(
            ReadOnlyImageException.class,
            "EROFS",
            30,
            "flatten",
            fullName,
            () -> readOnly.flatten(ProgressListener.NONE));
        Checks.fails(
            ReadOnlyImageException.class,
            "EROFS",
            30,
            "update the features of",
            fullName,
            () -> readOnly.updateFeatures(EnumSet.of(Feature.FAST_DIFF), false));
      }
    }
    image.snapshot("s").remove();
  }

  @Test
  void aReachedLimitIsEdquot() {
    image.setSnapshotLimit(1);
    image.createSnapshot("first");
    Checks.fails(
        QuotaExceededException.class,
        "EDQUOT",
        122,
        "create",
        "snapshot rbd/" + name + "@s",
        () -> image.createSnapshot("s"));
    image.snapshot("first").remove();
  }

  @Test
  void anOrderOutOfRangeIsEdom() {
    for (int order : new int[] {5, 11, 26, 30}) {
      ImageOptions options = new ImageOptions();
      Checks.fails(
          ArgumentOutOfRangeException.class,
          "EDOM",
          33,
          "create",
          "image rbd/" + missing,
          () -> rbd.create(missing, MIB, options.order(order)));
    }
    assertThat(rbd.exists(missing)).isFalse();
  }

  @Test
  void anUnknownFeatureIsEnosys() {
    ImageOptions options = new ImageOptions();
    options.set(ImageOption.FEATURES, 1L << 60);
    Checks.fails(
        FunctionNotSupportedException.class,
        "ENOSYS",
        38,
        "create",
        "image rbd/" + missing,
        () -> rbd.create(missing, MIB, options));
    assertThat(rbd.exists(missing)).isFalse();
  }

  @Test
  void aNameThatIsTooLongIsEnametoolong() {
    String tooLong = "x".repeat(6000);
    Checks.fails(
        ArgumentOutOfRangeException.class,
        "ENAMETOOLONG",
        36,
        "create",
        "image rbd/" + tooLong,
        () -> rbd.create(tooLong, MIB));
  }

  @Test
  void featuresThatNeedOthersAreRefusedAtCreation() {
    ImageOptions options = new ImageOptions();
    options.features(EnumSet.of(Feature.LAYERING, Feature.OBJECT_MAP));
    Checks.fails(
        InvalidRequestException.class,
        "EINVAL",
        22,
        "create",
        "image rbd/" + missing,
        () -> rbd.create(missing, MIB, options));
  }

  @Test
  void everyErrorIsAnRbdExceptionAndMisuseIsNone() {
    assertThatThrownBy(() -> rbd.open(missing)).isInstanceOf(RbdException.class);
    assertThatThrownBy(() -> rbd.open("")).isNotInstanceOf(RbdException.class);
    assertThatThrownBy(() -> image.createSnapshot("a@b")).isNotInstanceOf(RbdException.class);
    assertThatThrownBy(() -> image.createSnapshot("s", Set.of(), null))
        .isNotInstanceOf(RbdException.class);
    image.close();
    assertThatThrownBy(image::flush).isNotInstanceOf(RbdException.class);
    image = rbd.open(name);
  }
}
