package io.github.rbd4j;

import java.time.Instant;
import java.util.Set;

/**
 * What an open image is, at one moment.
 *
 * @param name the name
 * @param id the id; empty for an image of format 1
 * @param size the size in bytes
 * @param objectSize the size of an object in bytes
 * @param objectCount how many objects the size makes
 * @param order the binary logarithm of the object size
 * @param blockNamePrefix what the names of the data objects begin with
 * @param dataPoolId the pool in which the data lies
 * @param stripeUnit the stripe unit in bytes
 * @param stripeCount over how many objects a stripe goes
 * @param features the features
 * @param featureMask their bits, also those that this version of rbd4j does not know
 * @param operationFeatures what librbd notes about the use of the image
 * @param operationFeatureMask the bits of that, also those that this version of rbd4j does not know
 * @param flags what is wrong with the metadata
 * @param flagMask the bits of that, also those that this version of rbd4j does not know
 * @param created when the image was created; the epoch for an image of format 1
 * @param accessed when it was read last, as exactly as the cluster is configured to note it
 * @param modified when it was written last, as exactly as the cluster is configured to note it
 * @param overlap how many bytes from the start still come from the parent; 0 if it is no clone
 * @param oldFormat whether the image has format 1
 */
public record ImageInfo(
    String name,
    String id,
    long size,
    long objectSize,
    long objectCount,
    int order,
    String blockNamePrefix,
    long dataPoolId,
    long stripeUnit,
    long stripeCount,
    Set<Feature> features,
    long featureMask,
    Set<OperationFeature> operationFeatures,
    long operationFeatureMask,
    Set<ImageFlag> flags,
    long flagMask,
    Instant created,
    Instant accessed,
    Instant modified,
    long overlap,
    boolean oldFormat) {}
