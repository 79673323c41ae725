/*
 * The functions of librbd and librados that the benchmarks of call overhead need, with the same ABI and nothing
 * behind them: what is measured on it is the way of a call, not the work of Ceph. Compiled to librbd.so.1 and to
 * librados.so.2.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define EXTENTS 100000ull
#define EXTENT_SIZE (4ull << 20)

static char object;

static int give(void **out)
{
  *out = &object;
  return 0;
}

void rados_version(int *major, int *minor, int *extra) { *major = 3; *minor = *extra = 0; }
int rados_create(void **cluster, const char *id) { (void)id; return give(cluster); }
int rados_create2(void **cluster, const char *name, const char *user, uint64_t flags)
{
  (void)name; (void)user; (void)flags;
  return give(cluster);
}
int rados_conf_read_file(void *cluster, const char *path) { (void)cluster; (void)path; return 0; }
int rados_conf_set(void *cluster, const char *key, const char *value)
{
  (void)cluster; (void)key; (void)value;
  return 0;
}
int rados_conf_get(void *cluster, const char *key, char *value, size_t size)
{
  (void)cluster; (void)key;
  if (size < 2)
    return -36; /* ENAMETOOLONG */
  strcpy(value, "0");
  return 0;
}
int rados_connect(void *cluster) { (void)cluster; return 0; }
void rados_shutdown(void *cluster) { (void)cluster; }
int rados_ioctx_create(void *cluster, const char *pool, void **io)
{
  (void)cluster; (void)pool;
  return give(io);
}
int rados_ioctx_create2(void *cluster, int64_t pool, void **io) { (void)cluster; (void)pool; return give(io); }
int64_t rados_pool_lookup(void *cluster, const char *pool) { (void)cluster; (void)pool; return 1; }
void rados_ioctx_destroy(void *io) { (void)io; }
void rados_ioctx_set_namespace(void *io, const char *name) { (void)io; (void)name; }

void rbd_version(int *major, int *minor, int *extra) { *major = 1; *minor = *extra = 0; }
int rbd_open(void *io, const char *name, void **image, const char *snap)
{
  (void)io; (void)name; (void)snap;
  return give(image);
}
int rbd_open_read_only(void *io, const char *name, void **image, const char *snap)
{
  return rbd_open(io, name, image, snap);
}
int rbd_close(void *image) { (void)image; return 0; }
int rbd_get_size(void *image, uint64_t *size) { (void)image; *size = EXTENTS * EXTENT_SIZE; return 0; }
ssize_t rbd_read(void *image, uint64_t offset, size_t length, char *buffer)
{
  (void)image; (void)offset;
  buffer[0] = buffer[length - 1] = 1;
  return (ssize_t)length;
}
ssize_t rbd_read2(void *image, uint64_t offset, size_t length, char *buffer, int flags)
{
  (void)flags;
  return rbd_read(image, offset, length, buffer);
}
ssize_t rbd_write2(void *image, uint64_t offset, size_t length, const char *buffer, int flags)
{
  (void)image; (void)offset; (void)buffer; (void)flags;
  return (ssize_t)length;
}
int rbd_diff_iterate2(void *image, const char *from, uint64_t offset, uint64_t length, uint8_t parent, uint8_t whole,
                      int (*callback)(uint64_t, size_t, int, void *), void *argument)
{
  (void)image; (void)from; (void)offset; (void)length; (void)parent; (void)whole;
  for (uint64_t i = 0; i < EXTENTS; i++) {
    int result = callback(i * EXTENT_SIZE, EXTENT_SIZE / 2, 1, argument);
    if (result < 0)
      return result;
  }
  return 0;
}

/* Asynchronous calls: each is done, and calls back, before it returns. */

struct completion {
  void (*callback)(void *completion, void *argument);
  void *argument;
  ssize_t result;
};

int rbd_aio_create_completion(void *argument, void (*callback)(void *, void *), void **out)
{
  struct completion *completion = malloc(sizeof *completion);
  *completion = (struct completion){callback, argument, 0};
  *out = completion;
  return 0;
}
ssize_t rbd_aio_get_return_value(void *completion) { return ((struct completion *)completion)->result; }
void rbd_aio_release(void *completion) { free(completion); }
static int complete(struct completion *completion, ssize_t result)
{
  completion->result = result;
  completion->callback(completion, completion->argument);
  return 0;
}
int rbd_aio_read(void *image, uint64_t offset, size_t length, char *buffer, void *completion)
{
  return complete(completion, rbd_read(image, offset, length, buffer));
}
int rbd_aio_write(void *image, uint64_t offset, size_t length, const char *buffer, void *completion)
{
  (void)image; (void)offset; (void)length; (void)buffer;
  return complete(completion, 0);
}
int rbd_aio_read2(void *image, uint64_t offset, size_t length, char *buffer, void *completion, int flags)
{
  (void)flags;
  return rbd_aio_read(image, offset, length, buffer, completion);
}
int rbd_aio_write2(void *image, uint64_t offset, size_t length, const char *buffer, void *completion, int flags)
{
  (void)flags;
  return rbd_aio_write(image, offset, length, buffer, completion);
}
