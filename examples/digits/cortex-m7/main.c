/* Reads digits on a Cortex-M7 and says what they are. Start-up, exit and the way
 * to the host's terminal are those of bench/m7/boot.c; on a board of yours they are
 * the board's. images.h holds the pictures, as grey values of 0 to 16. */
#include "boot.h"
#include "images.h"
#include "vit.h"

static uint8_t arena[VIT_ARENA_BYTES] __attribute__((aligned(VIT_ARENA_ALIGN)));

#ifdef VIT_INPUT_IMAGES_SCALE
typedef int8_t pixel;
typedef int8_t score;
/* The integer nearest to a grey value between 0 and 1. */
static pixel pixel_of(uint8_t grey) {
  float steps = grey / 16.0f / VIT_INPUT_IMAGES_SCALE;
  int value = (int)(steps + 0.5f) + VIT_INPUT_IMAGES_ZERO_POINT;
  return (pixel)(value > 127 ? 127 : value);
}
#else
typedef float pixel;
typedef float score;
static pixel pixel_of(uint8_t grey) { return grey / 16.0f; }
#endif

static void print_number(unsigned value) {
  char text[12] = {0};
  unsigned at = sizeof text - 1;
  do {
    text[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  print(text + at);
}

/* What boot.c starts. */
void measure(void) {
  static pixel image[VIT_INPUT_IMAGES_SIZE];
  static score scores[VIT_OUTPUT_SCORES_SIZE];
  static struct vit_context model;
  struct vit_inputs in = {.images = image};
  struct vit_outputs out = {.scores = scores};
  if (vit_init(&model, arena, &in, &out) != VIT_OK) {
    print("the model refuses its buffers\n");
    return;
  }
  for (unsigned i = 0; i < IMAGES; ++i) {
    for (unsigned k = 0; k < VIT_INPUT_IMAGES_SIZE; ++k)
      image[k] = pixel_of(images[i][k]);
    if (vit_invoke(&model) != VIT_OK) {
      print("the model refuses its input\n");
      return;
    }
    unsigned best = 0;
    for (unsigned k = 1; k < VIT_OUTPUT_SCORES_SIZE; ++k)
      if (scores[k] > scores[best])
        best = k;
    print("image ");
    print_number(i);
    print(": ");
    print_number(best);
    print("\n");
  }
}
