package io.github.rbd4j.mirror;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A list that librbd gives in pages, each beginning behind the last id of the one before. */
final class Pages<T> extends AbstractSpliterator<Map.Entry<String, T>> {
  static final long SIZE = 128;

  /** Reads a page of at most {@link #SIZE} entries. */
  @FunctionalInterface
  interface Reader<T> {
    SequencedMap<String, T> read(String after);
  }

  private final Reader<T> reader;
  private final Deque<Map.Entry<String, T>> entries = new ArrayDeque<>();
  private String after = "";
  private boolean more = true;

  private Pages(Reader<T> reader) {
    super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
    this.reader = reader;
  }

  static <T> Stream<Map.Entry<String, T>> stream(Reader<T> reader) {
    return StreamSupport.stream(new Pages<>(reader), false);
  }

  @Override
  public boolean tryAdvance(Consumer<? super Map.Entry<String, T>> action) {
    if (entries.isEmpty() && more) {
      SequencedMap<String, T> page = reader.read(after);
      entries.addAll(page.entrySet());
      String last = page.size() == SIZE ? page.lastEntry().getKey() : after;
      more = !last.equals(after);
      after = last;
    }
    Map.Entry<String, T> next = entries.poll();
    if (next == null) {
      return false;
    }
    action.accept(next);
    return true;
  }
}
