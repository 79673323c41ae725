/** Two services on top of rbd4j. */
module example.services {
  requires io.github.rbd4j;

  exports example.services;
}
