package io.github.rbd4j.tests.coverage;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * That the documentation of a Java method says that it implements a C function.
 *
 * @param prototype the C function
 * @param owner the binary name of the class, with slashes
 * @param method the name of the method
 * @param arity how many parameters the method has
 * @param visible whether users can call the method
 * @param helps the function that this one serves, if it is named after "with": what a user would
 *     call in C to free what the other one returned
 */
record Claim(
    Prototype prototype,
    String owner,
    String method,
    int arity,
    boolean visible,
    @Nullable String helps) {
  private static final Pattern LINE =
      Pattern.compile("Implements:(.*?)(?:\\n\\s*@\\w|<p>|\\z)", Pattern.DOTALL);
  private static final Pattern CODE = Pattern.compile("\\bwith\\b|;|\\{@code\\s+([^}]*)}");

  /** The method as the tables name it. */
  String javaName() {
    String type = owner.substring(owner.lastIndexOf('/') + 1).replace('$', '.');
    return method.equals("<init>") ? "new " + type + "()" : type + "#" + method;
  }

  /** All claims in the sources of the library. */
  static List<Claim> all() {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<Claim> claims = new ArrayList<>();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      var sources = files.getJavaFileObjectsFromPaths(Project.files(Project.API_SOURCES, ".java"));
      var task = (JavacTask) compiler.getTask(null, files, null, null, null, sources);
      DocTrees trees = DocTrees.instance(task);
      for (CompilationUnitTree unit : task.parse()) {
        new Scanner(trees, unit, claims).scan(unit, null);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return claims;
  }

  private static final class Scanner extends TreePathScanner<@Nullable Void, @Nullable Void> {
    private final DocTrees trees;
    private final String folder;
    private final List<Claim> claims;
    private final Deque<String> classes = new ArrayDeque<>();

    Scanner(DocTrees trees, CompilationUnitTree unit, List<Claim> claims) {
      this.trees = trees;
      this.claims = claims;
      var name = unit.getPackageName();
      folder = name == null ? "" : name.toString().replace('.', '/') + "/";
    }

    @Override
    public @Nullable Void visitClass(ClassTree node, @Nullable Void unused) {
      String name = node.getSimpleName().toString();
      String outer = classes.peek();
      classes.push(outer == null ? folder + name : outer + "$" + name);
      super.visitClass(node, null);
      classes.pop();
      return null;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree node, @Nullable Void unused) {
      String comment = trees.getDocComment(getCurrentPath());
      Matcher line = LINE.matcher(comment == null ? "" : comment);
      if (line.find()) {
        add(node, line.group(1));
      }
      return super.visitMethod(node, null);
    }

    private void add(MethodTree method, String text) {
      List<Prototype> mains = new ArrayList<>();
      boolean helper = false;
      for (Matcher code = CODE.matcher(text); code.find(); ) {
        String c = code.group(1);
        if (c == null) {
          helper = code.group().equals("with");
          if (!helper) {
            mains.clear();
          }
          continue;
        }
        Prototype prototype = Prototype.parse(c);
        claims.add(
            new Claim(
                prototype,
                classes.element(),
                method.getName().toString(),
                method.getParameters().size(),
                isVisible(method),
                helper ? helped(mains, prototype) : null));
        if (!helper) {
          mains.add(prototype);
        }
      }
    }

    private boolean isVisible(MethodTree method) {
      boolean visible = isPublic(method.getModifiers());
      for (Tree tree : getCurrentPath()) {
        visible &= !(tree instanceof ClassTree type) || isPublic(type.getModifiers());
      }
      return visible && !folder.endsWith("/internal/");
    }

    private static boolean isPublic(ModifiersTree modifiers) {
      return modifiers.getFlags().contains(Modifier.PUBLIC);
    }

    /** The function that the helper helps: the one that takes the same type, else the last. */
    private static String helped(List<Prototype> mains, Prototype helper) {
      return mains.stream()
          .filter(main -> main.types().contains(helper.firstType()))
          .findFirst()
          .orElseGet(mains::getLast)
          .function();
    }
  }
}
