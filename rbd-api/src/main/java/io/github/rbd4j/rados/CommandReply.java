package io.github.rbd4j.rados;

/**
 * What a monitor or manager answers to a command.
 *
 * @param output the result, JSON where the command asked for {@code "format": "json"}
 * @param status what it says about it, often empty
 */
public record CommandReply(String output, String status) {}
