/*
 * Stands in for librbd and librados: succeeds at first, and then answers whatever it is told. What
 * is here is for the functions whose results others need; a program writes the rest, one function
 * for each binding, in terms of the functions below.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* How all functions answer; the numbers are those of the test. */
enum mode {
  SUCCEED,
  FAIL,
  FAIL_LATER,
  GROW,
  HUGE_COUNT,
  HUGE_NEEDED,
  NO_TERMINATOR,
  COUNT,
  GARBAGE,
  TRANSFER, /* what reads and writes return; all else is well */
  SHRUNK,   /* the image has that size when it is asked for the second time */
  GROWN     /* as TRANSFER, but first as if the end of the image came before */
};

enum { MOST_FUNCTIONS = 1024, LONGEST_NAME = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int told = SUCCEED;
static char only[LONGEST_NAME]; /* the one function that answers so; all of them if it is empty */
static struct {
  const char *name;
  int calls;
} called[MOST_FUNCTIONS];

/* How the function answers that is running. */
static _Thread_local int mode = SUCCEED;
static volatile long value;
static volatile int calls;
static volatile int flags;
static char object[4096];

/* Forgets which functions were called, and has one or all of them answer otherwise. */
void stub_answer(int new_mode, long new_value, const char *function) {
  pthread_mutex_lock(&lock);
  value = new_value;
  told = new_mode;
  snprintf(only, sizeof only, "%s", function);
  memset(called, 0, sizeof called);
  calls = 0;
  pthread_mutex_unlock(&lock);
}

/* Each function begins with this; one that cannot fail has no name here. */
void stub_enter(const char *function) {
  pthread_mutex_lock(&lock);
  int chosen = only[0] == 0 || (function != NULL && strcmp(only, function) == 0);
  mode = chosen ? told : SUCCEED;
  for (int i = 0; function != NULL && i < MOST_FUNCTIONS; i++) {
    if (called[i].name == NULL || called[i].name == function) {
      called[i].name = function;
      called[i].calls++;
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

/* The functions that were called, each with the number of its calls, as text. */
void stub_calls(char *out, size_t capacity) {
  pthread_mutex_lock(&lock);
  size_t length = 0;
  out[0] = 0;
  for (int i = 0; i < MOST_FUNCTIONS && called[i].name != NULL && length < capacity; i++) {
    length += (size_t)snprintf(out + length, capacity - length, "%s %d\n", called[i].name,
                               called[i].calls);
  }
  pthread_mutex_unlock(&lock);
}

/* The flags of the last operation that has some and no other function here. */
int stub_flags(void) {
  return flags;
}

static long transferred(void) {
  return mode == GROWN && calls++ == 0 ? -EINVAL : value;
}

/* The result of a function. */
long stub_result(void) {
  switch (mode) {
    case FAIL:
      return value;
    case GROW:
    case HUGE_NEEDED:
      return -ERANGE;
    case COUNT:
      return value;
    case TRANSFER:
    case GROWN:
      return transferred();
    default:
      return 0;
  }
}

/* The result of a function that transfers so many bytes; as in librbd it is an int on its way. */
long stub_transfer(size_t length) {
  return mode == SUCCEED ? (int)length : stub_result();
}

/* An object that a function makes. */
void stub_make(void *out) {
  *(void **)out = object;
}

/* A size that is also the capacity of a buffer. */
void stub_size(void *out) {
  size_t *size = out;
  if (mode == GROW) {
    *size = value == 0 ? *size * 2 + 1 : *size + (size_t)value;
  } else if (mode == SUCCEED) {
    *size = 0;
  } else if (mode == HUGE_COUNT || mode == HUGE_NEEDED) {
    *size = (size_t)1 << 62;
  } else if (mode == COUNT) {
    *size = (size_t)value;
  }
}

/* An int: a size of few functions, or a number of an enum. */
void stub_int(void *out) {
  int *number = out;
  if (mode == GROW) {
    *number = *number < INT_MAX / 4 ? *number * 2 + 1 : INT_MAX;
  } else if (mode == HUGE_COUNT || mode == HUGE_NEEDED) {
    *number = INT_MAX;
  } else if (mode == COUNT) {
    *number = (int)value;
  }
}

/* Any other number: of a time, a state, an id. */
void stub_long(void *out) {
  if (mode == COUNT || mode == GARBAGE) {
    *(int64_t *)out = value;
  } else if (mode != SUCCEED && mode != FAIL) {
    *(int64_t *)out = INT64_MAX;
  }
}

/* The numbers of a struct, and its strings: those that it has are empty or NULL. */
int stub_is_garbage(void) {
  return mode == GARBAGE;
}

int64_t stub_number(void) {
  return value;
}

void *stub_string(void) {
  return object;
}

/* News of how far something is. */
void stub_progress(void *callback, void *argument) {
  if (mode == GARBAGE) {
    ((int (*)(uint64_t, uint64_t, void *))callback)((uint64_t)value, (uint64_t)value, argument);
  }
}

/* A buffer for text. */
void stub_text(void *out, size_t capacity) {
  if (out != NULL && mode == SUCCEED && capacity >= 2) {
    strcpy(out, "x");
  } else if (out != NULL && mode == NO_TERMINATOR && capacity <= 1 << 20) {
    memset(out, 'A', capacity);
  }
}

/* A text that the library allocates. */
void stub_pointer(void *out) {
  *(void **)out = mode == HUGE_COUNT || mode == COUNT || mode == GARBAGE ? object : NULL;
}

/* ---------------------------------------------------------------------- a watch of an object */

typedef void (*watch_callback)(void *argument, uint64_t id, uint64_t watch, uint64_t notifier,
                               void *data, size_t length);

static struct {
  watch_callback callback;
  void *argument;
  void *message;
  size_t length;
} watch;

int rados_watch2(void *pool, const char *name, uint64_t *out, void *callback, void *lost,
                 void *argument) {
  stub_enter("rados_watch2");
  watch.callback = (watch_callback)callback;
  watch.argument = argument;
  *out = 1;
  return (int)stub_result();
}

static void *deliver(void *ignored) {
  watch.callback(watch.argument, 1, 1, 1, watch.message, watch.length);
  return NULL;
}

/* Tells the watch, as librados does on another thread; so that whoever watches may go on. */
int rados_notify2(void *pool, const char *name, const char *message, int length, uint64_t timeout,
                  char **reply, size_t *reply_length) {
  stub_enter("rados_notify2");
  if (mode == SUCCEED) {
    watch.message = (void *)message;
    watch.length = (size_t)length;
    pthread_t thread;
    if (pthread_create(&thread, NULL, deliver, NULL) != 0 || pthread_join(thread, NULL) != 0) {
      abort();
    }
  }
  return (int)stub_result();
}

/* ------------------------------------------------------------------------------ completions */

struct completion {
  void (*done)(void *, void *);
  void *argument;
  long result;
};

int rbd_aio_create_completion(void *argument, void *done, void **out) {
  stub_enter("rbd_aio_create_completion");
  if (mode == FAIL) {
    return (int)stub_result();
  }
  struct completion *c = calloc(1, sizeof *c);
  c->done = (void (*)(void *, void *))done;
  c->argument = argument;
  *out = c;
  return 0;
}

void rbd_aio_release(void *c) {
  free(c);
}

long rbd_aio_get_return_value(void *c) {
  return ((struct completion *)c)->result;
}

static void *finish(void *argument) {
  struct completion *c = argument;
  c->done(c, c->argument);
  return NULL;
}

/* The result of an asynchronous function: refused at once, or told by another thread. */
long stub_complete(void *completion) {
  struct completion *c = completion;
  if (mode == FAIL || mode == GROW || mode == HUGE_NEEDED) {
    return stub_result();
  }
  c->result = mode == FAIL_LATER || mode == COUNT ? value : 0;
  if (mode == TRANSFER || mode == GROWN) {
    c->result = transferred();
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, finish, c) != 0) {
    abort();
  }
  pthread_detach(thread);
  return 0;
}

/* ------------------------------------------------------- what every other call depends on */

int rbd_get_size(void *image, uint64_t *size) {
  stub_enter("rbd_get_size");
  *size = mode == COUNT ? UINT64_MAX : (uint64_t)1 << 32;
  if (mode == SHRUNK && calls++ > 0) {
    *size = (uint64_t)value;
  }
  return mode == FAIL ? (int)value : 0;
}

/* A snapshot that can be cloned: it has layering, and is protected. */
int rbd_get_features(void *image, uint64_t *features) {
  stub_enter("rbd_get_features");
  *features = mode == COUNT ? UINT64_MAX : 1;
  return mode == FAIL ? (int)value : 0;
}

int rbd_snap_is_protected(void *image, const char *name, int *is_protected) {
  stub_enter("rbd_snap_is_protected");
  *is_protected = 1;
  return mode == FAIL ? (int)value : 0;
}

int rados_conf_get(void *cluster, const char *option, char *out, size_t capacity) {
  stub_enter("rados_conf_get");
  if (mode == SUCCEED) {
    strncpy(out, "5", capacity);
    return 0;
  }
  stub_text(out, capacity);
  return (int)stub_result();
}

int rados_cluster_fsid(void *cluster, char *out, size_t capacity) {
  stub_enter("rados_cluster_fsid");
  if (mode == SUCCEED && capacity >= 37) {
    strcpy(out, "a0b1c2d3-0000-4000-8000-000000000000");
    return 36;
  }
  stub_text(out, capacity);
  return (int)stub_result();
}

int rbd_diff_iterate2(void *image, const char *from, uint64_t offset, uint64_t length,
                      uint8_t include_parent, uint8_t whole_object,
                      int (*callback)(uint64_t, size_t, int, void *), void *argument) {
  stub_enter("rbd_diff_iterate2");
  if (mode == GARBAGE) {
    callback((uint64_t)value, (size_t)value, (int)value, argument);
  }
  return (int)stub_result();
}

/* ------------------------------------------------------ pages that are the same for ever */

int rbd_metadata_list(void *image, const char *start, uint64_t max, char *keys, size_t *keys_size,
                      char *values, size_t *values_size) {
  stub_enter("rbd_metadata_list");
  if (mode != GARBAGE) {
    size_t keys_capacity = *keys_size;
    stub_size(keys_size);
    stub_size(values_size);
    stub_text(keys, keys_capacity);
    return (int)stub_result();
  }
  char *key = keys;
  for (uint64_t i = 0; i < max && i < 256; i++) {
    key += sprintf(key, "%d", (int)i) + 1;
  }
  memset(values, 0, 256);
  *keys_size = (size_t)(key - keys);
  *values_size = 256;
  return 0;
}

int rbd_mirror_image_instance_id_list(void *pool, const char *start, size_t max, char **images,
                                      char **instances, size_t *size) {
  static char ids[1024][8];
  stub_enter("rbd_mirror_image_instance_id_list");
  if (mode != GARBAGE) {
    stub_size(size);
    return (int)stub_result();
  }
  for (size_t i = 0; i < max && i < 1024; i++) {
    sprintf(ids[i], "%d", (int)i);
    images[i] = ids[i];
    instances[i] = ids[i];
  }
  *size = max;
  return 0;
}

/* ------------------------------------------------------------------------ hints that arrive */

int rbd_aio_write_zeroes(void *image, uint64_t offset, size_t length, void *completion,
                         int zero_flags, int op_flags) {
  stub_enter("rbd_aio_write_zeroes");
  flags = op_flags;
  return (int)stub_complete(completion);
}

int rbd_aio_writesame(void *image, uint64_t offset, size_t length, const char *data,
                      size_t data_length, void *completion, int op_flags) {
  stub_enter("rbd_aio_writesame");
  flags = op_flags;
  return (int)stub_complete(completion);
}

ssize_t rbd_aio_compare_and_write(void *image, uint64_t offset, size_t length,
                                  const char *expected, const char *data, void *completion,
                                  uint64_t *mismatch, int op_flags) {
  stub_enter("rbd_aio_compare_and_write");
  flags = op_flags;
  return stub_complete(completion);
}

ssize_t rbd_aio_compare_and_writev(void *image, uint64_t offset, const void *expected,
                                   int expected_count, const void *data, int count,
                                   void *completion, uint64_t *mismatch, int op_flags) {
  stub_enter("rbd_aio_compare_and_writev");
  flags = op_flags;
  return stub_complete(completion);
}
