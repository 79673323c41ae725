package io.github.rbd4j.bench.contestant;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How to run a program.
 *
 * @param folder where it runs, and may leave files
 * @param environment variables besides those of this process
 * @param line the program and its arguments
 */
public record Command(Path folder, Map<String, String> environment, List<String> line) {}
