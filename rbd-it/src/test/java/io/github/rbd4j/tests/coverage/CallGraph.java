package io.github.rbd4j.tests.coverage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which methods call which, from the class files of the library, the fixture and the tests. A
 * lambda counts as called where it is made, and what a class does for an interface of the library
 * as called where an object of it is made.
 */
final class CallGraph {
  private static final String BINDINGS = "io/github/rbd4j/bindings/librbd_h";

  /** A method, or a C function if the owner is the class of the bindings. */
  record Node(String owner, String name, String descriptor) {
    boolean isNative() {
      return owner.equals(BINDINGS);
    }

    int arity() {
      return MethodTypeDesc.ofDescriptor(descriptor).parameterCount();
    }
  }

  private final Map<String, ClassModel> classes = new TreeMap<>();
  private final Map<Node, Set<Node>> calls = new HashMap<>();

  CallGraph(Path... folders) {
    for (Path folder : folders) {
      for (Path file : Project.files(folder, ".class")) {
        try {
          ClassModel model = ClassFile.of().parse(file);
          classes.put(model.thisClass().asInternalName(), model);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    classes.values().forEach(this::read);
  }

  /** The names of all classes, with slashes. */
  Set<String> classes() {
    return classes.keySet();
  }

  /** All that the methods of a class lead to, these methods included. */
  Set<Node> reachedFrom(Iterable<String> roots) {
    Set<Node> seen = new HashSet<>();
    Deque<Node> todo = new ArrayDeque<>();
    for (String root : roots) {
      ClassModel model = classes.get(root);
      if (model != null) {
        model.methods().forEach(m -> todo.add(node(model, m)));
      }
    }
    for (Node node = todo.poll(); node != null; node = todo.poll()) {
      if (seen.add(node)) {
        todo.addAll(calls.getOrDefault(node, Set.of()));
      }
    }
    return seen;
  }

  private void read(ClassModel model) {
    for (MethodModel method : model.methods()) {
      Set<Node> called = new HashSet<>();
      calls.put(node(model, method), called);
      method
          .code()
          .ifPresent(
              code ->
                  code.forEach(
                      element -> {
                        if (element instanceof InvokeInstruction i) {
                          add(
                              called,
                              i.owner().asInternalName(),
                              i.name().stringValue(),
                              i.type().stringValue());
                        } else if (element instanceof InvokeDynamicInstruction i) {
                          for (var argument : i.bootstrapArgs()) {
                            if (argument instanceof DirectMethodHandleDesc handle) {
                              add(
                                  called,
                                  internalName(handle.owner()),
                                  handle.methodName(),
                                  handle.lookupDescriptor());
                            }
                          }
                        }
                      }));
      if (method.methodName().equalsString("<init>")) {
        called.addAll(callbacks(model));
      }
    }
  }

  private void add(Set<Node> called, String owner, String name, String descriptor) {
    Node node = new Node(owner, name, descriptor);
    if (node.isNative()) {
      called.add(node);
      return;
    }
    // The method may be inherited.
    for (String type = owner; type != null; type = superclass(type)) {
      ClassModel model = classes.get(type);
      if (model == null) {
        return;
      }
      Node candidate = new Node(type, name, descriptor);
      if (model.methods().stream().anyMatch(m -> node(model, m).equals(candidate))) {
        called.add(candidate);
        return;
      }
    }
  }

  private @Nullable String superclass(String type) {
    ClassModel model = classes.get(type);
    return model == null ? null : model.superclass().map(ClassEntry::asInternalName).orElse(null);
  }

  /** The methods of a class that implement those of an interface of ours. */
  private List<Node> callbacks(ClassModel model) {
    List<Node> result = new ArrayList<>();
    for (ClassEntry entry : model.interfaces()) {
      ClassModel declared = classes.get(entry.asInternalName());
      if (declared != null) {
        for (MethodModel method : declared.methods()) {
          result.add(
              new Node(
                  model.thisClass().asInternalName(),
                  method.methodName().stringValue(),
                  method.methodType().stringValue()));
        }
      }
    }
    return result;
  }

  private static Node node(ClassModel model, MethodModel method) {
    return new Node(
        model.thisClass().asInternalName(),
        method.methodName().stringValue(),
        method.methodType().stringValue());
  }

  private static String internalName(ClassDesc type) {
    String descriptor = type.descriptorString();
    return descriptor.substring(1, descriptor.length() - 1);
  }
}
