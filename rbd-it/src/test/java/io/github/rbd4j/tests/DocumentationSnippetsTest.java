package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.Rbd;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every Java snippet of the documentation compiles. A snippet is a whole source file, or statements
 * that can use {@code cluster}, {@code io}, {@code rbd} and {@code image} and import nothing.
 */
class DocumentationSnippetsTest {
  private static final Pattern FENCE = Pattern.compile("^ *```java\\b.*$");
  private static final Pattern FENCE_END = Pattern.compile("^ *``` *$");
  private static final Pattern TYPE =
      Pattern.compile("^(?:[a-z]+ )*(?:class|record|enum|interface) (\\w+)", Pattern.MULTILINE);
  private static final Pattern MAIN = Pattern.compile("^void main\\(", Pattern.MULTILINE);

  @TempDir private Path classes;

  /** A snippet with the place where it stands: the line after its opening fence. */
  private record Snippet(Path file, int line, String text) {
    /** The whole source file, and in {@link Source#shift} how its lines are numbered. */
    Source source() {
      Matcher type = TYPE.matcher(text);
      if (type.find()) {
        return new Source(type.group(1), text, line - 1);
      }
      if (MAIN.matcher(text).find()) {
        return new Source("Main", text, line - 1);
      }
      String head =
          imports()
              + """
              class Snippet {
                Cluster cluster;
                IoContext io;
                Rbd rbd;
                Image image;
                void run() throws Exception {
              """;
      return new Source("Snippet", head + text + "\n}\n}\n", line - 1 - (int) head.lines().count());
    }
  }

  private record Source(String name, String text, int shift) {}

  @TestFactory
  Stream<DynamicTest> everySnippetCompiles() throws IOException {
    List<Snippet> snippets = new ArrayList<>();
    Path root = Path.of(System.getProperty("rbd4j.it.root", ".."));
    for (Path file : documents(root)) {
      snippets.addAll(snippets(root.relativize(file), Files.readString(file)));
    }
    assertThat(snippets).isNotEmpty();
    return snippets.stream()
        .map(
            snippet ->
                DynamicTest.dynamicTest(
                    snippet.file() + ":" + snippet.line(),
                    () -> assertThat(errors(snippet)).isEmpty()));
  }

  @Test
  void whatDoesNotCompileIsFoundWithItsLine() {
    String document =
        """
        Statements:
        ```java
        long size = image.size();
        int wrong = "text";
        ```
        A file:
        ```java
        class Wrong {
          Missing field;
        }
        ```
        Not Java:
        ```
        nonsense
        ```
        """;
    List<Snippet> snippets = snippets(Path.of("doc.md"), document);
    assertThat(snippets).hasSize(2);
    assertThat(errors(snippets.get(0))).singleElement().asString().startsWith("doc.md:4: ");
    assertThat(errors(snippets.get(1))).singleElement().asString().startsWith("doc.md:9: ");
  }

  private static List<Path> documents(Path root) throws IOException {
    List<Path> documents = new ArrayList<>();
    documents.add(root.resolve("README.md"));
    documents.add(root.resolve("CONTRIBUTING.md"));
    try (Stream<Path> docs = Files.walk(root.resolve("docs"))) {
      docs.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
    }
    return documents;
  }

  private static List<Snippet> snippets(Path file, String document) {
    List<Snippet> snippets = new ArrayList<>();
    List<String> lines = document.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      if (FENCE.matcher(lines.get(i)).matches()) {
        int first = i + 1;
        for (i = first; i < lines.size() && !FENCE_END.matcher(lines.get(i)).matches(); ) {
          i++;
        }
        snippets.add(new Snippet(file, first + 1, String.join("\n", lines.subList(first, i))));
      }
    }
    return snippets;
  }

  /** The import of every package that the library exports. */
  private static String imports() {
    try {
      Path library = Path.of(Rbd.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      ModuleDescriptor module = ModuleFinder.of(library).findAll().iterator().next().descriptor();
      StringBuilder imports = new StringBuilder("import module java.base;\n");
      TreeSet<String> exported = new TreeSet<>();
      module.exports().forEach(export -> exported.add(export.source()));
      exported.forEach(name -> imports.append("import ").append(name).append(".*;\n"));
      return imports.toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the compiler has against a snippet. */
  private List<String> errors(Snippet snippet) {
    Source source = snippet.source();
    JavaCompiler compiler =
        Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "this Java has no compiler");
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
    JavaFileObject file =
        new SimpleJavaFileObject(
            URI.create("string:///" + source.name() + ".java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source.text();
          }
        };
    List<String> options =
        List.of("-proc:none", "-cp", System.getProperty("java.class.path"), "-d", classes + "");
    compiler.getTask(null, null, diagnostics, options, null, List.of(file)).call();
    return diagnostics.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(
            diagnostic ->
                snippet.file()
                    + ":"
                    + (diagnostic.getLineNumber() + source.shift())
                    + ": "
                    + diagnostic.getMessage(Locale.ROOT))
        .toList();
  }
}
