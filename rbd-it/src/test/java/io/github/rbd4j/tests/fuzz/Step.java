package io.github.rbd4j.tests.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** The kinds of calls, with how often they come. */
enum Step {
  CREATE(2, (world, random, _, _) -> world.create(random)),
  READ(5, World::read),
  WRITE(6, World::write),
  ZERO(2, World::zero),
  WRITE_SAME(1, World::writeSame),
  COMPARE_AND_WRITE(2, World::compareAndWrite),
  RESIZE(2, World::resize),
  CREATE_SNAPSHOT(3, World::createSnapshot),
  CHANGE_SNAPSHOT(3, World::changeSnapshot),
  DIFF(2, World::diff),
  METADATA(2, World::metadata),
  LOCK(1, World::lock),
  RENAME(1, (world, random, _, _) -> world.rename(random)),
  REMOVE(1, (world, random, _, _) -> world.remove(random)),
  CLONE(2, World::cloneImage),
  FLATTEN(1, (world, _, name, model) -> world.flatten(name, model)),
  MOVE_TO_TRASH(1, World::moveToTrash),
  EMPTY_TRASH(1, (world, random, _, _) -> world.emptyTrash(random)),
  GROUP(1, World::group),
  USE_CLOSED(1, (world, random, _, _) -> world.useClosed(random)),
  COPY(1, World::copy),
  REOPEN(1, (world, random, name, _) -> world.reopen(random, name)),
  READ_OTHERWISE(2, (world, random, name, model) -> world.forms().read(random, name, model)),
  WRITE_OTHERWISE(3, (world, random, name, model) -> world.forms().write(random, name, model)),
  READ_SNAPSHOT(1, (world, random, name, model) -> world.forms().snapshot(random, name, model)),
  TRANSFER(1, (world, random, name, model) -> world.forms().transfer(random, name, model)),
  LISTS(1, (world, _, name, model) -> world.forms().lists(name, model)),
  HOSTILE_ARGUMENTS(2, (world, random, name, _) -> world.forms().hostile(random, name)),
  OTHER_CLUSTER(1, (world, random, name, model) -> world.forms().stranger(random, name, model)),
  SPARSIFY(1, (world, random, name, model) -> world.whole().sparsify(random, name, model)),
  REBUILD_OBJECT_MAP(
      1, (world, random, name, model) -> world.whole().rebuildObjectMap(random, name, model)),
  FEATURES(1, (world, random, name, model) -> world.whole().features(random, name, model)),
  CONFIG(1, (world, random, name, model) -> world.whole().config(random, name, model)),
  MIGRATE(2, (world, random, name, model) -> world.whole().migrate(random, name, model)),
  SNAPSHOT_GROUP(2, (world, random, _, _) -> world.snapshotGroup(random)),
  QUIESCE(1, (world, random, name, model) -> world.whole().quiesce(random, name, model)),
  TRANSFER_DIFF(2, (world, random, name, model) -> world.whole().transferDiff(random, name, model)),
  ENCRYPTION(1, (world, random, name, model) -> world.whole().encryption(random, name, model));

  /** Makes the call, on an image that was chosen. */
  @FunctionalInterface
  interface Call {
    void on(World world, Random random, String name, ModelImage model);
  }

  private static final List<Step> BY_WEIGHT =
      Arrays.stream(values())
          .flatMap(step -> Stream.generate(() -> step).limit(step.weight))
          .toList();

  private final int weight;

  @SuppressWarnings("ImmutableEnumChecker") // they are method references
  final Call call;

  Step(int weight, Call call) {
    this.weight = weight;
    this.call = call;
  }

  /** A step with all that it draws. It stays the same when other kinds of steps are added. */
  record Drawn(Step step, long seed) {
    static Drawn of(Random random) {
      return new Drawn(BY_WEIGHT.get(random.nextInt(BY_WEIGHT.size())), random.nextLong());
    }

    /** Reads what {@link #toString} wrote. */
    static Drawn parse(String text) {
      String[] parts = text.split(":", 2);
      return new Drawn(valueOf(parts[0]), Long.parseLong(parts[1]));
    }

    @Override
    public String toString() {
      return step + ":" + seed;
    }
  }
}
