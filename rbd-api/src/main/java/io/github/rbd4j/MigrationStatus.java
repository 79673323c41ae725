package io.github.rbd4j;

/**
 * How far a migration is.
 *
 * @param sourcePoolId the number of the pool of the source; -1 if it is no image of this cluster
 * @param sourceNamespace the namespace of the source
 * @param sourceName the name of the source
 * @param sourceId the id of the source
 * @param targetPoolId the number of the pool of the target
 * @param targetNamespace the namespace of the target
 * @param targetName the name of the target
 * @param targetId the id of the target
 * @param state how far it is
 * @param stateValue the number of that, also when this version of rbd4j does not know it
 * @param description the same in words
 */
public record MigrationStatus(
    long sourcePoolId,
    String sourceNamespace,
    String sourceName,
    String sourceId,
    long targetPoolId,
    String targetNamespace,
    String targetName,
    String targetId,
    MigrationState state,
    int stateValue,
    String description) {}
