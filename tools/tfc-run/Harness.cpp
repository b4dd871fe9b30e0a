//===- Harness.cpp - the program around a model on a device -------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "tfc/Runtime/Npy.h"

using namespace tfc::run;

/// Start-up, semihosting (Arm's Semihosting for AArch32 and AArch64, operation
/// numbers there) and the two functions of C that models call.
static const char *runtime = R"(#include "artefact.h"

extern unsigned char __harness_stack_top[], __bss_start[], __bss_end[];
extern uint32_t __stack_bottom[], __stack_top[];

void *memcpy(void *to, const void *from, size_t n) {
  unsigned char *d = to;
  const unsigned char *s = from;
  for (; n >= 4 && !(((uintptr_t)d | (uintptr_t)s) & 3); n -= 4, d += 4, s += 4)
    *(uint32_t *)d = *(const uint32_t *)s;
  while (n--)
    *d++ = *s++;
  return to;
}

void *memset(void *to, int value, size_t n) {
  unsigned char *d = to;
  uint32_t word = (unsigned char)value * 0x01010101u;
  for (; n >= 4 && !((uintptr_t)d & 3); n -= 4, d += 4)
    *(uint32_t *)d = word;
  while (n--)
    *d++ = (unsigned char)value;
  return to;
}

static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void leave(uint32_t code) {
  uint32_t block[2] = {0x20026, code};
  semihost(0x20, block);
  for (;;)
    ;
}

static void transfer(const char *name, uint32_t length, void *data, uint32_t bytes,
                     int write) {
  uint32_t open[3] = {(uint32_t)(uintptr_t)name, write ? 5u : 1u, length};
  int file = semihost(1, open);
  uint32_t block[3] = {(uint32_t)file, (uint32_t)(uintptr_t)data, bytes};
  if (file < 0 || (bytes && semihost(write ? 5 : 6, block) != 0))
    leave(90);
  semihost(2, &block[0]);
}

static void fault(void) { leave(99); }

int main(void);

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* the FPU on */
  __asm__ volatile("dsb\n isb");
  for (unsigned char *p = __bss_start; p < __bss_end; ++p)
    *(volatile unsigned char *)p = 0;
  main();
  leave(0);
}

__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    __harness_stack_top, reset, fault, fault, fault, fault, fault};

/* Not a number where it is read as a float: what was not written shows. */
#define PAINT 0xFFA5A5A5u
#define TIMER ((volatile uint32_t *)0x40000000)

typedef int call(void *, const void *, const void *);

/* Calls with the stack pointer at the top of the stack that is measured. */
__attribute__((naked, noinline)) static int on_stack(void *arena, const void *inputs,
                                                     const void *outputs, call *callee) {
  __asm__ volatile("push {r4, r5, r6, lr}\n"
                   " mov r4, sp\n"
                   " ldr r5, =__stack_top\n"
                   " mov sp, r5\n"
                   " blx r3\n"
                   " mov sp, r4\n"
                   " pop {r4, r5, r6, pc}\n"
                   " .ltorg\n");
}

static int nothing(void *arena, const void *inputs, const void *outputs) {
  (void)arena;
  (void)inputs;
  (void)outputs;
  return 0;
}

static int model(void *arena, const void *inputs, const void *outputs);

static uint32_t ticks_of(call *callee, void *arena, const void *inputs, const void *outputs,
                         uint32_t *status) {
  uint32_t start = TIMER[1];
  *status = (uint32_t)on_stack(arena, inputs, outputs, callee);
  return start - TIMER[1];
}

)";

/// Counts the nodes that the model announces. The clock stands still for a node
/// while the function works; what calls of it take is measured and taken off.
/// Where no node has begun, or all have ended, the model counts for itself.
static const char *profiler = R"(
#define NODES PREFIX_PROFILE_NODES
static uint64_t profile_counts[NODES + 1];
static uint32_t profile_calls[NODES + 1], profile_node, profile_start;

__attribute__((noinline)) void prefix_profile(uint32_t node) {
  uint32_t ticks = profile_start - TIMER[1];
  profile_counts[profile_node] += ((uint64_t)ticks * 5 + 8) / 16;
  ++profile_calls[profile_node];
  profile_node = node;
  profile_start = TIMER[1];
}

__attribute__((noinline)) static uint64_t profile_of(call *callee, void *arena,
                                                     const void *inputs, const void *outputs,
                                                     uint32_t *status) {
  for (uint32_t i = 0; i <= NODES; ++i)
    profile_counts[i] = profile_calls[i] = 0;
  profile_node = NODES;
  profile_start = TIMER[1];
  *status = (uint32_t)on_stack(arena, inputs, outputs, callee);
  prefix_profile(NODES);
  return profile_counts[NODES];
}

static void profile(void *arena, const void *inputs, const void *outputs, uint32_t *status) {
  prefix_profile(0);
  prefix_profile(NODES);
  uint64_t one_call = profile_counts[0];
  uint64_t around = profile_of(nothing, arena, inputs, outputs, status);
  profile_of(model, arena, inputs, outputs, status);
  for (uint32_t i = 0; i < NODES; ++i)
    profile_counts[i] -= one_call * profile_calls[i];
  profile_counts[NODES] -= around + one_call;
  transfer("profile", 7, profile_counts, sizeof(profile_counts), 1);
}

)";

static std::string replaceAll(std::string text, const std::string &from,
                              const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

static std::string nameOf(const char *side, size_t i) {
  return side + std::to_string(i);
}

static std::string buffers(const std::vector<DeviceHeader::Tensor> &tensors,
                           const char *side) {
  std::string text;
  for (size_t i = 0; i < tensors.size(); ++i) {
    int64_t bytes = elementBytes(tensors[i].type);
    for (int64_t dim : tensors[i].dims)
      bytes *= dim;
    text += "static unsigned char " + nameOf(side, i) + "[" +
            std::to_string(bytes > 0 ? bytes : 1) +
            "] __attribute__((aligned(8)));\n#define " + nameOf(side, i) +
            "_BYTES " + std::to_string(bytes) + "\n";
  }
  return text;
}

/// The type of an element in C.
static std::string elementName(int32_t type) {
  std::string name = typeName(type);
  return name == "float32" ? "float" : name == "bool" ? name : name + "_t";
}

/// Functions that deliver inputs by rows out of their buffers, on a stack of
/// their own: what they take is not the model's.
static std::string deliveries(const DeviceHeader &header,
                              const Options &options) {
  std::string text = "static uint32_t disordered;\n";
  for (size_t i = 0; i < header.inputs.size(); ++i) {
    const DeviceHeader::Tensor &input = header.inputs[i];
    if (!input.stripRows)
      continue;
    int64_t outer = 1, inner = elementBytes(input.type);
    for (size_t d = 0; d < input.dims.size(); ++d)
      (static_cast<int64_t>(d) < input.stripAxis ? outer : inner) *=
          static_cast<int64_t>(d) == input.stripAxis ? 1 : input.dims[d];
    auto define = [&](const char *name, int64_t value) {
      text += "#define IN" + std::to_string(i) + "_" + name + " " +
              std::to_string(value) + "u\n";
    };
    define("OUTER", outer);
    define("INNER", inner);
    define("ROWS", input.dims[input.stripAxis]);
    define("COUNT", input.stripRows);
    define("LIMIT", options.inputRows);
    std::string number = std::to_string(i);
    std::string source = R"(static uint32_t next_in#;
__attribute__((used)) static uint32_t delivery_stack#[256] __attribute__((aligned(8)));

__attribute__((used)) static int deliver_in#(void *context, uint32_t first, uint32_t count,
                                             unsigned char *strip) {
  if (context != &next_in# || first != next_in# || count != IN#_COUNT ||
      first + count > IN#_ROWS)
    return disordered = 1;
  next_in# += count;
  if (next_in# > IN#_LIMIT)
    return 7;
  for (uint32_t i = 0; i < IN#_OUTER; ++i)
    memcpy(strip + i * count * IN#_INNER, in# + (i * IN#_ROWS + first) * IN#_INNER,
           count * IN#_INNER);
  return 0;
}

__attribute__((naked)) static int rows_in#(void *context, uint32_t first, uint32_t count,
                                           @ *strip) {
  __asm__ volatile("push {r4, lr}\n"
                   " mov r4, sp\n"
                   " ldr r12, =delivery_stack# + 1024\n"
                   " mov sp, r12\n"
                   " bl deliver_in#\n"
                   " mov sp, r4\n"
                   " pop {r4, pc}\n"
                   " .ltorg\n");
}

)";
    for (char c : source)
      text += c == '#'   ? number
              : c == '@' ? elementName(input.type)
                         : std::string(1, c);
  }
  return text;
}

static std::string table(const DeviceHeader &header, const char *side,
                         const std::vector<DeviceHeader::Tensor> &tensors) {
  std::string text = "  static const struct " + header.prefix + "_" + side +
                     "puts " + side + "puts = {";
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].stripRows)
      text += "\n      ." + tensors[i].identifier + " = rows_" +
              nameOf(side, i) + ", ." + tensors[i].context + " = &next_" +
              nameOf(side, i) + ",";
    else
      text += "\n      ." + tensors[i].identifier + " = (void *)" +
              nameOf(side, i) + ",";
  return text + (tensors.empty() ? "0" : "") + "};\n";
}

static std::string transfers(const char *side, size_t count, bool write) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    std::string name = nameOf(side, i);
    text += "  transfer(\"" + name + "\", " + std::to_string(name.size()) +
            ", " + name + ", " + name + "_BYTES, " + (write ? "1" : "0") +
            ");\n";
  }
  return text;
}

static std::string profilerSource(const DeviceHeader &header) {
  return replaceAll(replaceAll(profiler, "PREFIX", header.macro), "prefix",
                    header.prefix);
}

static const char *plainRun = R"(
  uint32_t overhead = ticks_of(nothing, arena, &inputs, &outputs, &unused);
  result[1] = ticks_of(model, arena, &inputs, &outputs, &result[0]);
  result[1] -= result[1] < overhead ? result[1] : overhead;
)";

std::string tfc::run::harnessSource(const DeviceHeader &header,
                                    const Options &options) {
  std::string words = std::to_string((header.arenaBytes + 3) / 4);
  return std::string(runtime) +
         "static int model(void *arena, const void *inputs, const void "
         "*outputs) {\n  return (int)" +
         header.prefix + "_run(arena, inputs, outputs);\n}\n\n" +
         (options.profile ? profilerSource(header) : "") +
         "#define ARENA_WORDS " + words +
         "u\n"
         "/* Eight words behind it must stay as they are. */\n"
         "static uint32_t arena[ARENA_WORDS + 8] "
         "__attribute__((section(\".arena\"), aligned(" +
         header.macro + "_ARENA_ALIGN)));\n" + buffers(header.inputs, "in") +
         buffers(header.outputs, "out") + deliveries(header, options) +
         R"(
int main(void) {
)" + table(header, "in", header.inputs) +
         table(header, "out", header.outputs) +
         transfers("in", header.inputs.size(), false) +
         R"(  for (volatile uint32_t *p = arena; p < arena + ARENA_WORDS + 8; ++p)
    *p = PAINT;
  for (volatile uint32_t *p = __stack_bottom; p < __stack_top; ++p)
    *p = PAINT;
  TIMER[2] = 0xFFFFFFFFu;
  TIMER[1] = 0xFFFFFFFFu;
  TIMER[0] = 1;
  uint32_t result[6] = {0}, unused = 0;
  (void)unused;
)" +
         (options.profile ? "  profile(arena, &inputs, &outputs, &result[0]);\n"
                          : plainRun) +
         R"(  volatile uint32_t *low = __stack_bottom;
  while (low < __stack_top && *low == PAINT)
    ++low;
  result[2] = (uint32_t)((uintptr_t)__stack_top - (uintptr_t)low);
  uint32_t high = ARENA_WORDS;
  while (high && arena[high - 1] == PAINT)
    --high;
  result[3] = high * 4;
  for (uint32_t i = 0; i < 8; ++i)
    result[4] |= arena[ARENA_WORDS + i] != PAINT;
  result[5] = disordered;
)" + transfers("out", header.outputs.size(), true) +
         R"(  transfer("result", 6, result, sizeof(result), 1);
  return 0;
}
)";
}

std::string tfc::run::harnessLinkerScript(const DeviceHeader &header,
                                          const Options &options) {
  auto number = [](int64_t value) { return std::to_string(value); };
  return "MEMORY {\n"
         "  BOOT (rx) : ORIGIN = 0x00000000, LENGTH = 64K\n"
         "  FLASH (rx) : ORIGIN = 0x00010000, LENGTH = " +
         number(options.flash) +
         "\n"
         "  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = " +
         number(options.ram) +
         "\n"
         "  BOARD (rwx) : ORIGIN = 0x60000000, LENGTH = 16M\n"
         "}\n"
         "ENTRY(reset)\n"
         "SECTIONS {\n"
         "  .vectors : { KEEP(*(.vectors)) } > BOOT\n"
         "  .model : { __model_start = .; *artefact.o(.text .text.* .rodata "
         ".rodata.* .ARM.exidx .ARM.exidx.*) __model_end = .; } > FLASH\n"
         "  .text : { *(.text .text.* .rodata .rodata.*) } > BOOT\n"
         "  .ARM.exidx : { *(.ARM.exidx .ARM.exidx.*) } > BOOT\n"
         "  .data : { *(.data .data.*) } > BOARD\n"
         "  .arena (NOLOAD) : { *(.arena) } > RAM\n"
         "  .stack (NOLOAD) : { . = ALIGN(8); __stack_bottom = .; } > RAM\n"
         "  __stack_top = ORIGIN(RAM) + LENGTH(RAM) - LENGTH(RAM) % 8;\n"
         "  .bss (NOLOAD) : { . = ALIGN(8); __bss_start = .; *(.bss .bss.*) "
         "*(COMMON) . = ALIGN(8); __bss_end = .; } > BOARD\n"
         "  .harness (NOLOAD) : { . = ALIGN(8); . += 16K; "
         "__harness_stack_top = .; } > BOARD\n"
         "}\n";
}
