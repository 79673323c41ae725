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
  SUCCEED, FAIL, FAIL_LATER, GROW, HUGE_COUNT, HUGE_NEEDED, NO_TERMINATOR, COUNT, GARBAGE,
  TRANSFER, /* what reads and writes return; all else is well */
  SHRUNK,   /* the image has that size when it is asked for the second time */
  GROWN     /* as TRANSFER, but first as if the end of the image came before */
};

static volatile int mode = SUCCEED;
static volatile long value;
static volatile int calls;
static volatile int flags;
static char object[4096];

void stub_answer(int new_mode, long new_value) {
  value = new_value;
  calls = 0;
  mode = new_mode;
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

/* An object that a function makes. */
void stub_make(void *out) {
  *(void **)out = object;
}

/* A size that is also the capacity of a buffer. */
void stub_size(void *out) {
  size_t *size = out;
  if (mode == GROW) {
    *size = *size * 2 + 1;
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
  if (out != NULL && mode == NO_TERMINATOR && capacity <= 1 << 20) {
    memset(out, 'A', capacity);
  }
}

/* A text that the library allocates. */
void stub_pointer(void *out) {
  *(void **)out = mode == HUGE_COUNT || mode == COUNT || mode == GARBAGE ? object : NULL;
}

/* ------------------------------------------------------------------------------ completions */

struct completion {
  void (*done)(void *, void *);
  void *argument;
  long result;
};

int rbd_aio_create_completion(void *argument, void *done, void **out) {
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
  *size = mode == COUNT ? UINT64_MAX : (uint64_t)1 << 30;
  if (mode == SHRUNK && calls++ > 0) {
    *size = (uint64_t)value;
  }
  return 0;
}

int rados_conf_get(void *cluster, const char *option, char *out, size_t capacity) {
  if (mode == SUCCEED) {
    strncpy(out, "5", capacity);
    return 0;
  }
  stub_text(out, capacity);
  return (int)stub_result();
}

int rbd_close(void *image) {
  return 0;
}

int rbd_diff_iterate2(void *image, const char *from, uint64_t offset, uint64_t length,
                      uint8_t include_parent, uint8_t whole_object,
                      int (*callback)(uint64_t, size_t, int, void *), void *argument) {
  if (mode == GARBAGE) {
    callback((uint64_t)value, (size_t)value, (int)value, argument);
  }
  return (int)stub_result();
}

/* ------------------------------------------------------ pages that are the same for ever */

int rbd_metadata_list(void *image, const char *start, uint64_t max, char *keys, size_t *keys_size,
                      char *values, size_t *values_size) {
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
  flags = op_flags;
  return (int)stub_complete(completion);
}

int rbd_aio_writesame(void *image, uint64_t offset, size_t length, const char *data,
                      size_t data_length, void *completion, int op_flags) {
  flags = op_flags;
  return (int)stub_complete(completion);
}

ssize_t rbd_aio_compare_and_write(void *image, uint64_t offset, size_t length,
                                  const char *expected, const char *data, void *completion,
                                  uint64_t *mismatch, int op_flags) {
  flags = op_flags;
  return stub_complete(completion);
}

ssize_t rbd_aio_compare_and_writev(void *image, uint64_t offset, const void *expected,
                                   int expected_count, const void *data, int count,
                                   void *completion, uint64_t *mismatch, int op_flags) {
  flags = op_flags;
  return stub_complete(completion);
}
