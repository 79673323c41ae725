package io.github.rbd4j.tests;

import io.github.rbd4j.Rbd;
import java.io.IOException;
import java.io.UncheckedIOException;
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

/**
 * The Java snippets of the documentation. A snippet is a whole source file, or statements that can
 * use {@code cluster}, {@code io}, {@code rbd} and {@code image} and import nothing. One whose
 * fence says {@code java run} also runs.
 */
final class Snippets {
  static final Path ROOT = Path.of(System.getProperty("rbd4j.it.root", ".."));

  private static final Pattern FENCE = Pattern.compile("^ *```java\\b(.*)$");
  private static final Pattern FENCE_END = Pattern.compile("^ *``` *$");
  private static final Pattern TYPE =
      Pattern.compile("^(?:[a-z]+ )*(?:class|record|enum|interface) (\\w+)", Pattern.MULTILINE);
  private static final Pattern MAIN = Pattern.compile("^void main\\(", Pattern.MULTILINE);

  private Snippets() {}

  /** A snippet with the place where it stands: the line after its opening fence. */
  record Snippet(Path file, int line, String text, boolean runs) {
    String place() {
      return file + ":" + line;
    }

    /** The same with something else in place of what the pattern finds. */
    Snippet with(Pattern found, String replacement) {
      String other = found.matcher(text).replaceAll(Matcher.quoteReplacement(replacement));
      return new Snippet(file, line, other, runs);
    }

    /** Whether it is more than statements. */
    boolean isFile() {
      return TYPE.matcher(text).find() || MAIN.matcher(text).find();
    }

    /** The whole source file, and in {@link Source#shift} how its lines are numbered. */
    private Source source() {
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
              public class Snippet {
                public Cluster cluster;
                public IoContext io;
                public Rbd rbd;
                public Image image;
                public void run() throws Exception {
              """;
      return new Source("Snippet", head + text + "\n}\n}\n", line - 1 - (int) head.lines().count());
    }
  }

  private record Source(String name, String text, int shift) {}

  /** The pages of the documentation, in their order. */
  static List<Path> pages() {
    List<Path> pages = new ArrayList<>();
    pages.add(ROOT.resolve("README.md"));
    pages.add(ROOT.resolve("CONTRIBUTING.md"));
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      docs.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      return pages;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The snippets of all pages. */
  static List<Snippet> all() {
    List<Snippet> snippets = new ArrayList<>();
    for (Path page : pages()) {
      try {
        snippets.addAll(of(ROOT.relativize(page), Files.readString(page)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return snippets;
  }

  /** The snippets of one page. */
  static List<Snippet> of(Path file, String page) {
    List<Snippet> snippets = new ArrayList<>();
    List<String> lines = page.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      Matcher fence = FENCE.matcher(lines.get(i));
      if (fence.matches()) {
        int first = i + 1;
        for (i = first; i < lines.size() && !FENCE_END.matcher(lines.get(i)).matches(); ) {
          i++;
        }
        String text = String.join("\n", lines.subList(first, i));
        snippets.add(new Snippet(file, first + 1, text, fence.group(1).strip().equals("run")));
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

  /** Compiles a snippet into a folder, and gives what the compiler has against it. */
  static List<String> compile(Snippet snippet, Path classes) {
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
