/* vit: made by tfc 0.1.0 for Arm Cortex-M7. C99 and C++. */
#ifndef VIT_H
#define VIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The arena holds what the model works on; its contents need not outlast a
   call. Stack is what a call takes below its caller, flash what code and
   constants take. All in bytes. */
#define VIT_ARENA_BYTES 3744
#define VIT_ARENA_ALIGN 8
#define VIT_STACK_BYTES 1408
#define VIT_FLASH_BYTES 65176
/* Whether floating point arguments are passed in the FPU's registers. */
#define VIT_HARD_FLOAT_ABI 1

enum vit_status {
  VIT_OK = 0,
  VIT_BAD_ARGUMENT = 1, /* a pointer is null or not aligned */
  VIT_BAD_INPUT = 2, /* an input holds what the model cannot take, as an index
                          beyond a table */
  VIT_INPUT_ENDED = 3 /* a function that delivers rows did not return 0 */
};

#define VIT_INPUT_IMAGES_SIZE 64
#define VIT_INPUT_IMAGES_SCALE 0.00392156886f
#define VIT_INPUT_IMAGES_ZERO_POINT (-128)
struct vit_inputs {
  const int8_t *images; /* "images": int8 [1, 1, 8, 8] scale 0.0039215688593685627 zero -128 */
};

#define VIT_OUTPUT_SCORES_SIZE 10
#define VIT_OUTPUT_SCORES_SCALE 0.0221516602f
#define VIT_OUTPUT_SCORES_ZERO_POINT (-54)
struct vit_outputs {
  int8_t *scores; /* "scores": int8 [1, 10] scale 0.022151660174131393 zero -54 */
};

/* Runs the model once. Nothing is kept between calls, so calls with arenas and
   outputs of their own may run at the same time. Arena, inputs and outputs must
   not overlap. Buffers are row by row and aligned as their type. */
enum vit_status vit_run(void *arena,
    const struct vit_inputs *inputs,
    const struct vit_outputs *outputs);

/* The same in two steps: _init checks all pointers and keeps them in a context of
   the caller's; _invoke runs the model, as often as is wanted, and checks none. A
   context that _init did not accept must not be used. */
struct vit_context {
  void *arena;
  struct vit_inputs inputs;
  struct vit_outputs outputs;
};
enum vit_status vit_init(struct vit_context *context,
    void *arena, const struct vit_inputs *inputs,
    const struct vit_outputs *outputs);
enum vit_status vit_invoke(
    const struct vit_context *context);

#ifdef __cplusplus
}
#endif

#endif /* VIT_H */
