package io.github.rbd4j.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rbd4j.tests.Snippets.Snippet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every Java snippet of the documentation compiles. */
class DocumentationSnippetsTest {
  /** A link to a file of the project, without its fragment. */
  private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]+)");

  @TempDir private Path classes;

  @TestFactory
  Stream<DynamicTest> everySnippetCompiles() {
    List<Snippet> snippets = Snippets.all();
    assertThat(snippets).isNotEmpty();
    return snippets.stream()
        .map(
            snippet ->
                DynamicTest.dynamicTest(
                    snippet.place(),
                    () -> assertThat(Snippets.compile(snippet, classes)).isEmpty()));
  }

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    List<String> dead = new ArrayList<>();
    for (Path page : Snippets.pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        if (!Files.exists(page.resolveSibling(link.group(1)))) {
          dead.add(page + ": " + link.group(1));
        }
      }
    }
    assertThat(dead).isEmpty();
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
    List<Snippet> snippets = Snippets.of(Path.of("doc.md"), document);
    assertThat(snippets).hasSize(2);
    assertThat(Snippets.compile(snippets.get(0), classes))
        .singleElement()
        .asString()
        .startsWith("doc.md:4: ");
    assertThat(Snippets.compile(snippets.get(1), classes))
        .singleElement()
        .asString()
        .startsWith("doc.md:9: ");
  }
}
