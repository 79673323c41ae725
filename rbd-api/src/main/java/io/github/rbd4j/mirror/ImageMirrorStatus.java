package io.github.rbd4j.mirror;

import io.github.rbd4j.bindings.rbd_mirror_image_global_status_t;
import io.github.rbd4j.bindings.rbd_mirror_image_site_status_t;
import io.github.rbd4j.internal.NativeArray;
import io.github.rbd4j.internal.NativeStrings;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * What all sites do with a mirrored image.
 *
 * @param name the name of the image
 * @param info whether and as what it is mirrored
 * @param sites what each site has reported
 */
public record ImageMirrorStatus(String name, ImageMirrorInfo info, List<SiteStatus> sites) {
  static ImageMirrorStatus read(MemorySegment status) {
    List<SiteStatus> sites =
        NativeArray.elements(
                rbd_mirror_image_global_status_t.site_statuses(status),
                rbd_mirror_image_global_status_t.site_statuses_count(status),
                rbd_mirror_image_site_status_t.layout(),
                "the sites of a mirrored image")
            .stream()
            .map(SiteStatus::read)
            .toList();
    return new ImageMirrorStatus(
        NativeStrings.read(rbd_mirror_image_global_status_t.name(status)),
        ImageMirrorInfo.read(rbd_mirror_image_global_status_t.info(status)),
        sites);
  }

  /**
   * What this cluster does with the image.
   *
   * @return the status; {@link ReplayState#UNKNOWN} with the description {@code status not found}
   *     if no site has reported any, empty if only other sites have
   */
  public Optional<SiteStatus> local() {
    return sites.stream().filter(SiteStatus::isLocal).findFirst();
  }
}
