package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import io.github.rbd4j.it.CephCluster;
import io.github.rbd4j.rados.Cluster;
import io.github.rbd4j.rados.IoContext;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs each test method of a class in a JVM of its own, which must end by itself with status 0, in
 * less than a minute, and leave no file of a crash. For what crashes or hangs the C API. The
 * constructor has a parameter of type {@link CephCluster} at least; what a test needs before or
 * after it, it does itself.
 */
public final class InOwnJvm implements InvocationInterceptor {
  /** Made by JUnit. */
  public InOwnJvm() {}

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    invocation.skip();
    CephCluster ceph = cephOf(context.getRequiredTestInstance());
    Path folder = Files.createTempDirectory("rbd4j-jvm-");
    try {
      ForkedJvm.Result result =
          ForkedJvm.start(
                  folder,
                  Map.of("CEPH_CONF", ceph.conf().toString()),
                  List.of(
                      "-cp",
                      System.getProperty("java.class.path"),
                      "--enable-native-access=ALL-UNNAMED"),
                  InOwnJvm.class.getName(),
                  context.getRequiredTestClass().getName(),
                  method.getExecutable().getName())
              .end();
      assertThat(result.status()).as(result.output() + result.errors()).isZero();
      assertThat(result.output()).endsWith("passed\n");
    } finally {
      delete(folder);
    }
  }

  private static CephCluster cephOf(Object test) throws IllegalAccessException {
    for (var field : test.getClass().getDeclaredFields()) {
      if (field.getType() == CephCluster.class) {
        field.setAccessible(true);
        return (CephCluster) Objects.requireNonNull(field.get(test));
      }
    }
    throw new IllegalStateException(test.getClass() + " keeps no CephCluster");
  }

  private static void delete(Path folder) throws java.io.IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** Runs a test method: the name of its class, its own. */
  public static void main(String[] arguments) throws ReflectiveOperationException {
    CephCluster ceph = CephCluster.existing(Path.of(System.getenv("CEPH_CONF")));
    Cluster cluster = ceph.client().connect();
    IoContext io = cluster.ioContext("rbd");
    Constructor<?> constructor =
        Class.forName(arguments[0]).getDeclaredConstructors()[0]; // test classes have one
    constructor.setAccessible(true);
    Object[] parameters =
        Stream.of(constructor.getParameterTypes())
            .map(
                type ->
                    Stream.of(ceph, cluster, io, new Rbd(io))
                        .filter(type::isInstance)
                        .findFirst()
                        .orElseThrow())
            .toArray();
    Object test = constructor.newInstance(parameters);
    Method method = test.getClass().getDeclaredMethod(arguments[1]);
    method.setAccessible(true);
    try {
      method.invoke(test);
      System.out.println("passed");
    } catch (InvocationTargetException e) {
      e.getCause().printStackTrace();
      System.exit(1);
    }
  }
}
