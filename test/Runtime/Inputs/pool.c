/* Runs a model of one float input and output on pools of several kinds, whose results
 * must be the same to the bit. */
#define _POSIX_C_SOURCE 200809L
#include "tfc/Runtime/runtime.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fail(const char *what) {
  printf("FAILED: %s\n", what);
  exit(1);
}

/* Runs workers one after the other, the last first. */
typedef struct executor {
  int64_t regions, workers;
} executor;

static void execute(void *mine, void (*run)(void *, int64_t), void *work, int64_t count) {
  executor *all = mine;
  all->regions += 1;
  all->workers = count;
  for (int64_t i = count - 1; i >= 0; --i)
    run(work, i);
}

/* The output for an input that depends on `seed`; the caller frees it. */
static float *run(tfc_session *session, const tfc_model_info *info, int seed, size_t *elements) {
  char message[256];
  int64_t dims[8];
  size_t count = 1;
  for (int32_t d = 0; d < info->inputs[0].rank; ++d) {
    dims[d] = info->inputs[0].dims[d] < 0 ? 2 : info->inputs[0].dims[d];
    count *= (size_t)dims[d];
  }
  float *x = malloc(count * sizeof(float));
  for (size_t i = 0; i < count; ++i)
    x[i] = (float)sin(0.1 * (double)i + seed);
  tfc_tensor input = {x, dims, info->inputs[0].rank, TFC_FLOAT32};
  if (tfc_session_prepare(session, &input, message, sizeof(message)) != TFC_OK)
    fail(message);
  const int64_t *sizes = tfc_session_output_dims(session, 0);
  *elements = 1;
  for (int32_t d = 0; d < info->outputs[0].rank; ++d)
    *elements *= (size_t)sizes[d];
  float *y = malloc(*elements * sizeof(float));
  tfc_tensor output = {y, sizes, info->outputs[0].rank, TFC_FLOAT32};
  if (tfc_session_run(session, &input, &output, message, sizeof(message)) != TFC_OK)
    fail(message);
  free(x);
  return y;
}

/* Calls of one session, whose results must be `expected`, those of both inputs. */
typedef struct caller {
  tfc_library *library;
  tfc_pool *pool;
  float *expected[2];
  int calls;
} caller;

static void *call(void *argument) {
  caller *mine = argument;
  const tfc_model_info *info = tfc_library_get_info(mine->library);
  tfc_session *session = tfc_session_create(mine->library, mine->pool);
  if (!session)
    fail("a session");
  for (int i = 0; i < mine->calls; ++i) {
    size_t elements;
    float *found = run(session, info, i % 2, &elements);
    if (!mine->expected[i % 2])
      mine->expected[i % 2] = found;
    else if (memcmp(found, mine->expected[i % 2], elements * sizeof(float)) != 0)
      fail("results differ");
    else
      free(found);
  }
  tfc_session_destroy(session);
  return NULL;
}

/* How many threads this process has. */
static int threads(void) {
  char line[128];
  int count = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof(line), file))
    if (sscanf(line, "Threads: %d", &count) == 1)
      break;
  if (file)
    fclose(file);
  return count;
}

/* A thread that has been joined may be counted a moment longer. */
static void expect_threads(int count, const char *otherwise) {
  const struct timespec moment = {0, 1000000};
  for (int i = 0; i < 5000 && threads() != count; ++i)
    nanosleep(&moment, NULL);
  if (threads() != count)
    fail(otherwise);
}

int main(int argc, char **argv) {
  char message[256];
  tfc_library *library = tfc_library_open(argc == 2 ? argv[1] : "", message, sizeof(message));
  if (!library)
    fail(message);
  executor executors[2] = {{0, 0}, {0, 0}};
  tfc_pool *pools[] = {NULL, tfc_pool_create(1), tfc_pool_create(3), tfc_pool_create_on(execute, &executors[0], 1),
                       tfc_pool_create_on(execute, &executors[1], 5)};
  expect_threads(1, "threads that have nothing to do");
  if (tfc_pool_num_threads(pools[2]) != 3 || tfc_pool_num_threads(pools[4]) != 5)
    fail("the number of workers");
  caller all = {library, NULL, {NULL, NULL}, 4};
  for (size_t kind = 0; kind < sizeof(pools) / sizeof(pools[0]); ++kind) {
    if (kind > 0 && !pools[kind])
      fail("a pool");
    all.pool = pools[kind];
    call(&all);
    expect_threads(kind < 2 ? 1 : 3, "the number of threads");
  }
  /* One worker's work is not dealt. */
  if (executors[0].regions != 0 || executors[1].regions == 0 || executors[1].workers != 5)
    fail("what the executor got");
  /* Two sessions at the same time on one pool. */
  caller both[2] = {all, all};
  pthread_t other;
  both[0].pool = both[1].pool = pools[2];
  both[0].calls = both[1].calls = 40;
  if (pthread_create(&other, NULL, call, &both[1]) != 0)
    fail("a thread");
  call(&both[0]);
  pthread_join(other, NULL);
  for (size_t kind = 1; kind < sizeof(pools) / sizeof(pools[0]); ++kind)
    tfc_pool_destroy(pools[kind]);
  expect_threads(1, "threads that outlive their pool");
  tfc_library_close(library);
  printf("right\n");
  return 0;
}
