package io.github.rbd4j.bench.report;

/**
 * A match that could not be measured.
 *
 * @param name the row
 * @param peerName the peer
 * @param failure what happened
 */
public record Failure(String name, String peerName, String failure) {}
