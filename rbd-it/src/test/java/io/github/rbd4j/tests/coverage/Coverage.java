package io.github.rbd4j.tests.coverage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What becomes of every function of librbd, and of librados as far as it is bound. */
final class Coverage {
  private static final String OPTION = "--include-function ";
  private static final String FIXTURE = "io/github/rbd4j/it/CephExtension";
  private static final int MAX_TESTS = 3;

  /** The headings of the page, and how the functions below each begin; the first that fits. */
  private static final Map<String, List<String>> TOPICS = topics();

  enum Status {
    WRAPPED,
    INTERNAL,
    SUPERSEDED,
    MISSING
  }

  /**
   * A row of the page.
   *
   * @param claims the Java methods that say that they implement it
   * @param by the function that supersedes it, or the public method that it is internal to
   * @param why what the other one is better at, or what it does for the method
   * @param since the first release of librbd that has it
   * @param replaces what is called in its place when it is not there
   * @param tests the test classes that lead to it
   */
  record Function(
      String name,
      List<Claim> claims,
      @Nullable String by,
      @Nullable String why,
      int since,
      @Nullable String replaces,
      Set<String> tests) {

    Status status() {
      if (!claims.isEmpty()) {
        return claims.stream().anyMatch(c -> c.visible() && c.helps() == null)
            ? Status.WRAPPED
            : Status.INTERNAL;
      }
      return by == null
          ? Status.MISSING
          : isInternalToMethod() ? Status.INTERNAL : Status.SUPERSEDED;
    }

    boolean isInternalToMethod() {
      return by != null && by.contains("#");
    }

    /** The function that this one serves. */
    Optional<String> helps() {
      return claims.stream().map(Claim::helps).filter(Objects::nonNull).findFirst();
    }

    /** Whether some method of the library calls it. */
    boolean isCalled() {
      return !claims.isEmpty();
    }

    String javaNames() {
      return claims.stream()
          .map(c -> "`" + c.javaName() + "`")
          .distinct()
          .collect(Collectors.joining(", "));
    }

    private String row() {
      String status =
          switch (status()) {
            case WRAPPED, MISSING -> status().name().toLowerCase(Locale.ROOT);
            case SUPERSEDED -> "superseded by `" + by + "`: " + why;
            case INTERNAL ->
                helps()
                    .map(f -> "internal to `" + f + "`")
                    .orElse("internal to `" + by + "`: " + why);
          };
      String shown = tests.stream().limit(MAX_TESTS).collect(Collectors.joining(", "));
      return "| `%s` | %s | %s | %d | %s |"
          .formatted(
              name, status, javaNames(), since, tests.size() > MAX_TESTS ? shown + ", …" : shown);
    }
  }

  private final Map<String, Function> functions = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final PublicTypes api = new PublicTypes();

  Coverage() {
    List<Claim> claims = Claim.all();
    CallGraph graph =
        new CallGraph(Project.API_CLASSES, Project.FIXTURE_CLASSES, Project.TEST_CLASSES);
    Map<String, Set<String>> tests = tests(graph, claims);
    Map<String, List<String>> superseded = rows("superseded.tsv");
    Map<String, List<String>> since = rows("since.tsv");

    Project.read(Project.RECIPE.resolve("includes.args"))
        .lines()
        .filter(line -> line.startsWith(OPTION))
        .map(line -> line.substring(OPTION.length()).strip())
        .forEach(
            name -> {
              List<String> instead = superseded.getOrDefault(name, List.of());
              List<String> newer = since.getOrDefault(name, List.of());
              functions.put(
                  name,
                  new Function(
                      name,
                      claims.stream().filter(c -> c.prototype().function().equals(name)).toList(),
                      field(instead, 1),
                      field(instead, 2),
                      Integer.parseInt(newer.isEmpty() ? "16" : newer.get(1)),
                      field(newer, 2),
                      tests.getOrDefault(name, Set.of())));
            });

    check(claims, graph, superseded.keySet(), since.keySet());
  }

  List<Function> functions() {
    return List.copyOf(functions.values());
  }

  /** What is wrong with the tables and the documentation of the methods, in sentences. */
  List<String> problems() {
    return problems;
  }

  private void check(
      List<Claim> claims, CallGraph graph, Set<String> superseded, Set<String> since) {
    Map<String, Prototype> prototypes = Prototype.ofBindings();
    for (Claim claim : claims) {
      Prototype expected = prototypes.get(claim.prototype().function());
      if (!claim.prototype().equals(expected)) {
        problems.add(
            "%s says it implements%n    %s, but the headers have%n    %s"
                .formatted(
                    claim.javaName(),
                    claim.prototype().types(),
                    expected == null ? "no such function" : expected.types()));
      }
    }
    Set<String> called =
        graph.reachedFrom(graph.classes().stream().filter(c -> !isOfTests(c)).toList()).stream()
            .filter(CallGraph.Node::isNative)
            .map(CallGraph.Node::name)
            .collect(Collectors.toSet());
    for (Function f : functions.values()) {
      if (f.status() == Status.MISSING) {
        problems.add(
            f.name() + " is neither in the documentation of a method nor in superseded.tsv");
      }
      if (f.isCalled() && f.by() != null && !isExplainedByMethod(f)) {
        problems.add(f.name() + " is in superseded.tsv, but " + f.javaNames() + " implements it");
      }
      if (f.isCalled() != called.contains(f.name())) {
        problems.add(
            f.isCalled()
                ? f.javaNames() + " says it implements " + f.name() + ", which nothing calls"
                : f.name() + " is called, but no documentation says by which method");
      }
      if (f.status() == Status.SUPERSEDED) {
        Function by = functions.get(f.by());
        if (by == null || !isWrapped(f.name().endsWith("_cleanup") ? helped(by) : by)) {
          problems.add(f.name() + " is superseded by " + f.by() + ", which is not wrapped");
        }
      }
      if (f.status() == Status.INTERNAL && f.helps().isEmpty()) {
        String[] method = f.by() == null ? new String[0] : f.by().split("#", -1);
        if (method.length != 2 || !api.hasMethod(method[0], method[1])) {
          problems.add(f.name() + " is internal to " + f.by() + ", which is no public method");
        }
      }
    }
    for (String name : superseded) {
      requireKnown(name, "superseded.tsv");
    }
    for (String name : since) {
      requireKnown(name, "since.tsv");
    }
  }

  private static boolean isExplainedByMethod(Function f) {
    return f.status() == Status.INTERNAL && f.isInternalToMethod() && f.helps().isEmpty();
  }

  /** What a cleanup cleans up after. */
  private @Nullable Function helped(Function cleanup) {
    return cleanup.helps().map(functions::get).orElse(null);
  }

  private static boolean isWrapped(@Nullable Function f) {
    return f != null && f.status() == Status.WRAPPED;
  }

  private static boolean isOfTests(String type) {
    return type.startsWith("io/github/rbd4j/tests/") || type.startsWith("io/github/rbd4j/it/");
  }

  private void requireKnown(String name, String table) {
    if (!functions.containsKey(name)) {
      problems.add(table + " has " + name + ", which includes.args has not");
    }
  }

  /** By function, the classes with integration tests that lead to it. */
  private static Map<String, Set<String>> tests(CallGraph graph, List<Claim> claims) {
    Map<String, List<String>> roots = new TreeMap<>();
    for (String type : graph.classes()) {
      String outermost = type.replaceFirst("\\$.*", "");
      if (outermost.endsWith("IT") || outermost.equals(FIXTURE)) {
        roots.computeIfAbsent(outermost, key -> new ArrayList<>()).add(type);
      }
    }
    Map<String, Set<String>> result = new TreeMap<>();
    roots.forEach(
        (outermost, types) -> {
          String test = outermost.substring(outermost.lastIndexOf('/') + 1);
          String shown = outermost.equals(FIXTURE) ? "(every test)" : test;
          Set<CallGraph.Node> reached = graph.reachedFrom(types);
          for (CallGraph.Node node : reached) {
            if (node.isNative()) {
              result.computeIfAbsent(node.name(), key -> new TreeSet<>()).add(shown);
            }
          }
          for (Claim claim : claims) {
            if (reached.stream().anyMatch(n -> isMethodOf(claim, n))) {
              result
                  .computeIfAbsent(claim.prototype().function(), key -> new TreeSet<>())
                  .add(shown);
            }
          }
        });
    return result;
  }

  private static boolean isMethodOf(Claim claim, CallGraph.Node node) {
    return node.owner().equals(claim.owner())
        && node.name().equals(claim.method())
        && node.arity() == claim.arity();
  }

  private static Map<String, List<String>> rows(String table) {
    return Project.table(Project.RECIPE.resolve(table)).stream()
        .collect(Collectors.toMap(row -> row.get(0), row -> row));
  }

  private static @Nullable String field(List<String> row, int index) {
    return index < row.size() ? row.get(index) : null;
  }

  private static Map<String, List<String>> topics() {
    Map<String, List<String>> topics = new LinkedHashMap<>();
    topics.put(
        "Asynchronous calls",
        List.of("rbd_aio_", "rbd_set_image_notification", "rbd_poll_io_events"));
    topics.put("Image options", List.of("rbd_image_options_"));
    topics.put("Mirroring", List.of("rbd_mirror_"));
    topics.put("Groups", List.of("rbd_group_", "rbd_get_group"));
    topics.put("Snapshots", List.of("rbd_snap_"));
    topics.put("Trash", List.of("rbd_trash_"));
    topics.put("Migration", List.of("rbd_migration_", "rbd_get_migration_source_spec"));
    topics.put("Encryption", List.of("rbd_encryption_"));
    topics.put("Pools and namespaces", List.of("rbd_pool_", "rbd_namespace_", "rbd_config_pool_"));
    topics.put("Images", List.of("rbd_"));
    topics.put("librados", List.of("rados_"));
    return topics;
  }

  /** The page. */
  String page() {
    Map<String, List<Function>> sections = new LinkedHashMap<>();
    TOPICS.keySet().forEach(topic -> sections.put(topic, new ArrayList<>()));
    for (Function f : functions.values()) {
      TOPICS.forEach(
          (topic, prefixes) -> {
            boolean taken = sections.values().stream().anyMatch(s -> s.contains(f));
            if (!taken && prefixes.stream().anyMatch(f.name()::startsWith)) {
              sections.getOrDefault(topic, List.of()).add(f);
            }
          });
    }
    StringBuilder page = new StringBuilder(INTRODUCTION);
    page.append("\n| | librbd | librados |\n|---|---:|---:|\n");
    for (Status status : List.of(Status.WRAPPED, Status.INTERNAL, Status.SUPERSEDED)) {
      page.append(
          "| %s | %d | %d |%n"
              .formatted(meaning(status), count(status, "rbd_"), count(status, "rados_")));
    }
    long all = functions.keySet().stream().filter(n -> n.startsWith("rbd_")).count();
    page.append("| together | %d | %d |%n".formatted(all, functions.size() - all));
    sections.forEach(
        (topic, rows) -> {
          page.append("\n## ").append(topic).append("\n\n");
          page.append("| Function | Status | Java method | Since | Tests |\n");
          page.append("|---|---|---|---:|---|\n");
          rows.forEach(f -> page.append(f.row()).append('\n'));
        });
    return page.toString();
  }

  private static String meaning(Status status) {
    return switch (status) {
      case WRAPPED -> "wrapped: a public method calls it";
      case INTERNAL -> "internal: a part of what another function or a public method does";
      case SUPERSEDED -> "superseded: another function, which is wrapped, does its work";
      case MISSING -> "missing";
    };
  }

  private long count(Status status, String prefix) {
    return functions.values().stream()
        .filter(f -> f.status() == status && f.name().startsWith(prefix))
        .count();
  }

  private static final String INTRODUCTION =
      """
      # Which functions of librbd rbd4j covers

      <!-- Generated; do not edit. mvn -pl rbd-it -am test -Dtest=ApiCoverageTest \\
           -Dsurefire.failIfNoSpecifiedTests=false -Drbd4j.coverage.write=true writes it. -->

      This page lists every function of `librbd.h`, and the functions of `librados.h` that rbd4j is bound to. It is
      generated, and the build fails when it does not say what the sources say.

      * **Status** comes from the documentation of the Java methods, which ends with the prototypes of the C functions
        that the method calls. These prototypes are compared with the headers. What no method calls is explained in
        `jextract/superseded.tsv`; a function that is in neither place fails the build, and so does a function that is
        documented but not called, or called but not documented.
      * **Since** is the first release of Ceph whose librbd has the function: 16 stands for 16 and everything before.
        A method that needs a function which the loaded library lacks throws `UnsupportedOperationException`.
      * **Tests** are the classes of integration tests from which calls lead to the function, according to the compiled
        code; at most three are named. "(every test)" is what the fixture that starts the cluster calls.

      That calls lead to a function does not prove that it ran. That is measured: the JVM of the integration tests
      writes down which binding classes it initialises (`-Xlog:class+init`). The bindings have one class for each
      function, initialised when the function is first called, so the measurement costs nothing and needs no agent.
      After a full run the build compares the measured set with this page. It fails if a function for which the page
      names a Java method, and that the installed librbd has, was never called in that run, or one for which it names
      none was. Those without a Java method are superseded, or what they do is done in Java, in the way that the table
      says. Of two functions where rbd4j calls the
      newer one if it is there (`jextract/since.tsv` names the pairs), only the newer one has to be called then. The
      measured list is in `rbd-it/target/native-calls.txt`. Runs of chosen tests (`-Dit.test=...`) are not checked, and
      what processes that a test starts call is not counted. `BindingsConformanceIT`, which looks at every binding
      without calling it, runs in a JVM of its own.
      """;
}
