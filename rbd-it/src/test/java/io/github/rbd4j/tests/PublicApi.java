package io.github.rbd4j.tests;

import io.github.rbd4j.AsyncOptions;
import io.github.rbd4j.DiffOptions;
import io.github.rbd4j.DiffVisitor;
import io.github.rbd4j.ImageOptions;
import io.github.rbd4j.OpenOptions;
import io.github.rbd4j.ProgressListener;
import io.github.rbd4j.QuiesceListener;
import io.github.rbd4j.encryption.EncryptionAlgorithm;
import io.github.rbd4j.encryption.EncryptionFormat;
import io.github.rbd4j.nio.ImageChannelOption;
import io.github.rbd4j.transfer.TransferListener;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Calls every public method of objects of the API, found by reflection, with arguments that make
 * sense for their types: every number is 4096 or 1, every memory has 4096 bytes, every name is
 * {@code x}.
 */
final class PublicApi {
  static final int SIZE = 4096;

  /** The CRC-32C of that many zeros. */
  private static final long CHECKSUM = checksum();

  static final int MAX_ELEMENTS = 100_000;

  private final List<Object> objects;
  private final List<Object> known;

  /** Objects whose methods are called, and that are arguments where one of their type is needed. */
  PublicApi(Object... objects) {
    this.objects = List.of(objects);
    this.known = new ArrayList<>(this.objects);
  }

  /** Further arguments. */
  PublicApi with(Object... arguments) {
    known.addAll(List.of(arguments));
    return this;
  }

  /** One method of one object. */
  record Call(Object target, Method method) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      text.append(method.getDeclaringClass().getSimpleName()).append('.').append(method.getName());
      return text.append(
              Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName).toList())
          .toString();
    }

    boolean isNullable(int parameter) {
      return method.getAnnotatedParameterTypes()[parameter].isAnnotationPresent(Nullable.class);
    }
  }

  /** What became of a call: a value or an exception. */
  record Outcome(@Nullable Object value, @Nullable Throwable thrown) {
    /** Whether the loaded librbd is too old for this call. */
    boolean isMissing() {
      return thrown instanceof UnsupportedOperationException
          && String.valueOf(thrown.getMessage()).contains(" needs librbd of Ceph ");
    }
  }

  /** Every public method of every object, in an order that is always the same. */
  List<Call> calls() {
    List<Call> calls = new ArrayList<>();
    for (Object object : objects) {
      Arrays.stream(object.getClass().getMethods())
          .filter(m -> m.getDeclaringClass() != Object.class && !m.isBridge() && !m.isSynthetic())
          .filter(m -> m.getDeclaringClass().getName().startsWith("io.github.rbd4j"))
          .filter(m -> !m.getName().startsWith("close") && !m.getName().equals("builder"))
          .filter(m -> Modifier.isPublic(m.getModifiers()))
          .sorted(Comparator.comparing(Method::toString))
          .forEach(m -> calls.add(new Call(object, m)));
    }
    return calls;
  }

  /** Arguments that make sense. */
  Object[] arguments(Call call) {
    Object[] arguments =
        Arrays.stream(call.method.getGenericParameterTypes()).map(this::argument).toArray();
    switch (call.toString()) {
      case "AsyncImage.write[long, MemorySegment, long, Set]" -> arguments[2] = CHECKSUM;
      default -> {}
    }
    return arguments;
  }

  private static long checksum() {
    CRC32C checksum = new CRC32C();
    checksum.update(new byte[SIZE]);
    return checksum.getValue();
  }

  private Object argument(Type type) {
    if (type instanceof ParameterizedType p) {
      Type element = p.getActualTypeArguments()[0];
      if (p.getRawType() == Set.class) {
        return Set.of(argument(element));
      }
      if (p.getRawType() == List.class) {
        return List.of(argument(element));
      }
      if (p.getRawType() == Map.class) {
        return Map.of("x", "y");
      }
    }
    Class<?> raw = (Class<?>) type;
    for (Object object : known) {
      if (raw.isInstance(object)) {
        return object;
      }
    }
    if (raw.isEnum()) {
      return raw.getEnumConstants()[0];
    }
    return switch (raw.getSimpleName()) {
      case "String" -> "x";
      case "long" -> (long) SIZE;
      case "int" -> 1;
      case "boolean" -> true;
      case "double" -> 0.5;
      case "byte[]" -> new byte[SIZE];
      case "char[]" -> new char[] {'x'};
      case "ByteBuffer" -> ByteBuffer.allocate(SIZE);
      case "MemorySegment" -> memory();
      case "Duration" -> Duration.ofSeconds(10);
      case "Instant" -> Instant.EPOCH;
      case "ProgressListener" -> (ProgressListener) (_, _) -> {};
      case "DiffVisitor" -> (DiffVisitor) (_, _, _) -> true;
      case "QuiesceListener" -> quiesceListener(() -> {});
      case "Runnable" -> (Runnable) () -> {};
      case "Executor" -> (Executor) Runnable::run;
      case "Path" -> Path.of("x");
      case "ByteBuffer[]" -> new ByteBuffer[] {ByteBuffer.allocate(SIZE)};
      case "ImageChannelOption[]" -> new ImageChannelOption[0];
      case "ReadableByteChannel" -> Channels.newChannel(InputStream.nullInputStream());
      case "WritableByteChannel" -> Channels.newChannel(OutputStream.nullOutputStream());
      case "OutputStream" -> OutputStream.nullOutputStream();
      case "TransferListener" -> (TransferListener) _ -> {};
      case "ImageOptions" -> new ImageOptions();
      case "OpenOptions" -> OpenOptions.readWrite();
      case "DiffOptions" -> DiffOptions.sinceBeginning();
      case "AsyncOptions" -> AsyncOptions.defaults();
      case "EncryptionFormat" ->
          EncryptionFormat.luks1(EncryptionAlgorithm.AES128, "passphrase".toCharArray());
      default -> throw new AssertionError("no argument of " + type + " is known");
    };
  }

  /** A listener that does something when it is asked, and nothing afterwards. */
  static QuiesceListener quiesceListener(Runnable onQuiesce) {
    return new QuiesceListener() {
      @Override
      public void quiesce() {
        onQuiesce.run();
      }

      @Override
      public void unquiesce() {}
    };
  }

  private static MemorySegment memory() {
    return Arena.ofAuto().allocate(SIZE);
  }

  /** Makes a call, and sees a future or a stream that it returns to its end. */
  static Outcome invoke(Call call, @Nullable Object[] arguments, Duration limit) {
    try {
      Object value = call.method.invoke(call.target, arguments);
      if (value instanceof CompletableFuture<?> future) {
        return get(future, limit);
      } else if (value instanceof Stream<?> stream) {
        try (stream) {
          value = stream.limit(MAX_ELEMENTS).toList();
        }
      }
      return new Outcome(value, null);
    } catch (InvocationTargetException e) {
      return new Outcome(null, e.getCause());
    } catch (RuntimeException e) { // of a stream
      return new Outcome(null, e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(call.toString(), e);
    }
  }

  /** What becomes of a future. */
  static Outcome get(CompletableFuture<?> future, Duration limit) {
    try {
      return new Outcome(future.get(limit.toNanos(), TimeUnit.NANOSECONDS), null);
    } catch (ExecutionException e) {
      return new Outcome(null, e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      throw new AssertionError(future + " does not end", e);
    }
  }
}
