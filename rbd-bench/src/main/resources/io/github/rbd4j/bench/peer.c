/*
 * The C peer of the benchmarks: each workload as one writes it against librbd.
 *
 *   peer CONF POOL IMAGE first-read                      connects, opens, reads once, says "done"
 *   peer CONF POOL IMAGE WORKLOAD [ARGUMENT...]          says "ready"; for each line "go MILLISECONDS" works that long
 *                                                        and answers with one line of JSON; ends with its input
 *
 * Workloads: read SIZE SPAN | read-copy SIZE SPAN | aio-read SIZE DEPTH rand|seq | aio-write SIZE DEPTH rand|seq
 *            | diff | open-close
 */
#include <pthread.h>
#include <rados/librados.h>
#include <rbd/librbd.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64 /* operations between two looks at the clock */

static rados_t cluster;
static rados_ioctx_t io;
static rbd_image_t image;
static const char *image_name;
static uint64_t image_size;

static void die(const char *what, long result)
{
  fprintf(stderr, "%s: %ld\n", what, result);
  _exit(1);
}

static long check(const char *what, long result)
{
  if (result < 0)
    die(what, result);
  return result;
}

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t next_random(void)
{
  static uint64_t state = 0x9E3779B97F4A7C15u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state >> 33;
}

/* ---- one call after the other ---- */

static size_t size;
static uint64_t span;
static char *buffer;
static char *copy;

static long read_until(double end)
{
  long operations = 0;
  uint64_t blocks = span / size;
  do {
    for (int i = 0; i < BATCH; i++) {
      uint64_t offset = next_random() % blocks * size;
      if (rbd_read(image, offset, size, buffer) != (ssize_t)size)
        die("rbd_read", 0);
      if (copy) {
        memcpy(copy, buffer, size);
        __asm__ volatile("" : : "r"(copy) : "memory"); /* somebody uses the copy */
      }
    }
    operations += BATCH;
  } while (seconds(CLOCK_MONOTONIC) < end);
  return operations;
}

static int count_extent(uint64_t offset, size_t length, int exists, void *argument)
{
  uint64_t *totals = argument;
  (void)offset;
  totals[0]++;
  totals[1] += exists ? length : 1;
  return 0;
}

static long diff_until(double end)
{
  uint64_t totals[2] = {0, 0};
  do
    check("rbd_diff_iterate2", rbd_diff_iterate2(image, NULL, 0, image_size, 1, 0, count_extent, totals));
  while (seconds(CLOCK_MONOTONIC) < end);
  return (long)totals[0];
}

static long open_until(double end)
{
  long operations = 0;
  do {
    rbd_image_t opened;
    check("rbd_open", rbd_open(io, image_name, &opened, NULL));
    check("rbd_close", rbd_close(opened));
    operations++;
  } while (seconds(CLOCK_MONOTONIC) < end);
  return operations;
}

/* ---- a queue of asynchronous calls ---- */

static int depth;
static int writing;
static int sequential;
static char **slots; /* the buffers that are free */
static int free_slots;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t available;

static void give_slot(char *slot)
{
  pthread_mutex_lock(&slots_lock);
  slots[free_slots++] = slot;
  pthread_mutex_unlock(&slots_lock);
  sem_post(&available);
}

static char *take_slot(void)
{
  while (sem_wait(&available) != 0)
    ;
  pthread_mutex_lock(&slots_lock);
  char *slot = slots[--free_slots];
  pthread_mutex_unlock(&slots_lock);
  return slot;
}

static void completed(rbd_completion_t completion, void *slot)
{
  ssize_t result = rbd_aio_get_return_value(completion);
  if (result != (writing ? 0 : (ssize_t)size))
    die("completion", result);
  rbd_aio_release(completion);
  give_slot(slot);
}

static long queue_until(double end)
{
  static uint64_t position;
  long operations = 0;
  uint64_t blocks = image_size / size;
  do {
    char *slot = take_slot();
    uint64_t offset = (sequential ? position++ : next_random()) % blocks * size;
    rbd_completion_t completion;
    check("rbd_aio_create_completion", rbd_aio_create_completion(slot, completed, &completion));
    if (writing)
      check("rbd_aio_write", rbd_aio_write(image, offset, size, slot, completion));
    else
      check("rbd_aio_read", rbd_aio_read(image, offset, size, slot, completion));
    operations++;
  } while (seconds(CLOCK_MONOTONIC) < end);
  for (int i = 0; i < depth; i++)
    while (sem_wait(&available) != 0)
      ;
  for (int i = 0; i < depth; i++)
    sem_post(&available);
  return operations;
}

/* ---- choosing and running ---- */

typedef long (*workload)(double end);

static workload prepare_reads(char **arguments, int copying)
{
  size = strtoull(arguments[0], NULL, 10);
  span = strtoull(arguments[1], NULL, 10);
  if (span == 0)
    span = image_size;
  buffer = aligned_alloc(4096, size);
  copy = copying ? aligned_alloc(4096, size) : NULL;
  return read_until;
}

static workload prepare_queue(char **arguments, int writes)
{
  size = strtoull(arguments[0], NULL, 10);
  depth = atoi(arguments[1]);
  sequential = strcmp(arguments[2], "seq") == 0;
  writing = writes;
  slots = calloc((size_t)depth, sizeof *slots);
  sem_init(&available, 0, 0);
  for (int i = 0; i < depth; i++) {
    char *slot = aligned_alloc(4096, size);
    memset(slot, i + 1, size);
    give_slot(slot);
  }
  return queue_until;
}

static workload prepare(const char *name, int count, char **arguments)
{
  if (strcmp(name, "read") == 0 && count == 2)
    return prepare_reads(arguments, 0);
  if (strcmp(name, "read-copy") == 0 && count == 2)
    return prepare_reads(arguments, 1);
  if (strcmp(name, "aio-read") == 0 && count == 3)
    return prepare_queue(arguments, 0);
  if (strcmp(name, "aio-write") == 0 && count == 3)
    return prepare_queue(arguments, 1);
  if (strcmp(name, "diff") == 0)
    return diff_until;
  if (strcmp(name, "open-close") == 0)
    return open_until;
  fprintf(stderr, "no such workload: %s\n", name);
  exit(2);
}

static void take_turns(workload work)
{
  char line[64];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    long milliseconds = 0;
    if (sscanf(line, "go %ld", &milliseconds) != 1)
      exit(2);
    double processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double start = seconds(CLOCK_MONOTONIC);
    long operations = work(start + (double)milliseconds * 1e-3);
    printf("{\"operations\":%ld,\"seconds\":%.9f,\"cpuSeconds\":%.9f,\"allocatedBytes\":0}\n", operations,
           seconds(CLOCK_MONOTONIC) - start, seconds(CLOCK_PROCESS_CPUTIME_ID) - processor);
    fflush(stdout);
  }
}

static void read_first(void)
{
  char block[4096];
  check("rbd_read", rbd_read(image, 0, sizeof block, block));
  puts("done");
  fflush(stdout);
}

int main(int count, char **arguments)
{
  if (count < 5)
    return 2;
  image_name = arguments[3];
  check("rados_create", rados_create(&cluster, "admin"));
  check("rados_conf_read_file", rados_conf_read_file(cluster, arguments[1]));
  check("rados_connect", rados_connect(cluster));
  check("rados_ioctx_create", rados_ioctx_create(cluster, arguments[2], &io));
  check("rbd_open", rbd_open(io, image_name, &image, NULL));
  check("rbd_get_size", rbd_get_size(image, &image_size));
  if (strcmp(arguments[4], "first-read") == 0)
    read_first();
  else
    take_turns(prepare(arguments[4], count - 5, arguments + 5));
  check("rbd_close", rbd_close(image));
  rados_ioctx_destroy(io);
  rados_shutdown(cluster);
  return 0;
}
