/* Starts a program on QEMU's mps2-an500, counts its instructions and writes
 * buffers to files of the host by semihosting. */
#include "boot.h"

extern uint32_t __stack_top[], __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];

static volatile uint32_t *const systick = (volatile uint32_t *)0xE000E010;

static long host(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void leave(uint32_t code) {
  uint32_t argument[2] = {0x20026, code};
  host(0x20, argument);
  for (;;)
    ;
}

void print(const char *text) { host(4, text); }

void dump(const char *path, const void *data, uint32_t bytes) {
  uint32_t length = 0;
  while (path[length])
    ++length;
  uint32_t open[3] = {(uint32_t)path, 5, length};
  long file = host(1, open);
  if (file < 0)
    leave(98);
  uint32_t write[3] = {(uint32_t)file, (uint32_t)data, bytes};
  if (host(5, write))
    leave(97);
  uint32_t close[1] = {(uint32_t)file};
  host(2, close);
}

/* 25 MHz, while -icount shift=3 takes 8 ns an instruction: a tick is five. The
 * counter has 24 bits, enough for 83 million instructions. */
void count_from_here(void) {
  systick[1] = 0xFFFFFF;
  systick[2] = 0;
  systick[0] = 5;
  while (!systick[2])
    ;
}
uint32_t ticks(void) { return 0xFFFFFF - systick[2]; }

static void fault(void) { leave(99); }

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* the FPU */
  __asm__ volatile("dsb\n isb");
  uint32_t *from = __data_load;
  for (uint32_t *to = __data_start; to < __data_end;)
    *to++ = *from++;
  for (uint32_t *to = __bss_start; to < __bss_end;)
    *to++ = 0;
  measure();
  leave(0);
}

__attribute__((section(".vectors"), used)) void *const vectors[] = {
    __stack_top, reset, fault, fault, fault, fault, fault};
