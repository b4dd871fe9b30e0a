//===- Header.cpp - the C header of an artefact ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

class HeaderWriter {
public:
  HeaderWriter(const Interface &interface, StringRef prefix,
               const ArtefactSizes &sizes)
      : interface(interface), prefix(prefix), macro(prefix.upper()),
        sizes(sizes), os(text) {}

  std::string write() {
    os << "/* " << prefix << ": made by tfc " TFC_VERSION
       << " for Arm Cortex-M7. C99 and C++. */\n"
       << "#ifndef " << macro << "_H\n#define " << macro << "_H\n\n"
       << "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
       << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
    writeSizes();
    writeStatus();
    writeTensors("inputs", interface.inputs, true);
    writeTensors("outputs", interface.outputs, false);
    writeFunctions();
    writeProfile();
    os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << macro << "_H */\n";
    return text;
  }

private:
  void writeSizes() {
    os << "/* The arena holds what the model works on; its contents need not "
          "outlast a\n   call. Stack is what a call takes below its caller, "
          "flash what code and\n   constants take. All in bytes. */\n"
       << "#define " << macro << "_ARENA_BYTES " << interface.arenaBytes << "\n"
       << "#define " << macro << "_ARENA_ALIGN " << arenaAlignment << "\n"
       << "#define " << macro << "_STACK_BYTES " << sizes.stack << "\n"
       << "#define " << macro << "_FLASH_BYTES " << sizes.flash << "\n"
       << "/* Whether floating point arguments are passed in the FPU's "
          "registers. */\n#define "
       << macro << "_HARD_FLOAT_ABI " << sizes.hardFloat << "\n\n";
  }

  void writeStatus() {
    os << "enum " << prefix << "_status {\n"
       << "  " << macro << "_OK = 0,\n"
       << "  " << macro
       << "_BAD_ARGUMENT = 1, /* a pointer is null or not "
          "aligned */\n"
       << "  " << macro
       << "_BAD_INPUT = 2, /* an input holds what the model "
          "cannot take, as an index\n                          beyond a table "
          "*/\n  "
       << macro
       << "_INPUT_ENDED = 3 /* a function that delivers rows did not return 0 "
          "*/\n};\n\n";
  }

  /// Each tensor's name, type and shape as the model has them, and what its
  /// integers stand for: for people, and
  /// for tools that fill the buffers.
  void writeTensors(StringRef side, const std::vector<InterfaceTensor> &tensors,
                    bool isConst) {
    for (const InterfaceTensor &tensor : tensors) {
      std::string name = macro + "_" + side.drop_back().upper() + "_" +
                         StringRef(tensor.identifier).upper();
      os << "#define " << name << "_SIZE " << tensor.count() << "\n";
      if (tensor.scale)
        os << "#define " << name << "_SCALE "
           << llvm::format("%.9gf", *tensor.scale) << "\n#define " << name
           << "_ZERO_POINT (" << tensor.zeroPoint << ")\n";
      if (tensor.strip)
        os << "#define " << name << "_STRIP_ROWS " << tensor.strip->rows
           << "\n#define " << name << "_STRIP_BYTES " << tensor.stripBytes()
           << "\n";
    }
    if (llvm::any_of(tensors, [](const InterfaceTensor &t) { return t.strip; }))
      writeStripRules();
    os << "struct " << prefix << "_" << side << " {\n";
    for (const InterfaceTensor &tensor : tensors) {
      os << "  ";
      if (tensor.strip)
        os << "int (*" << tensor.identifier
           << ")(void *context, uint32_t first, uint32_t count, "
           << tensor.element << " *strip)";
      else
        os << (isConst ? "const " : "") << tensor.element << " *"
           << tensor.identifier;
      os << "; /* \"";
      writeName(tensor.name);
      os << "\": " << tensor.numpyType() << " [";
      llvm::interleaveComma(tensor.dims, os);
      os << "]";
      if (tensor.scale)
        os << " scale " << llvm::format("%.17g", *tensor.scale) << " zero "
           << tensor.zeroPoint;
      if (tensor.strip)
        os << " rows " << tensor.strip->rows << " of dimension "
           << tensor.strip->axis;
      os << " */\n";
      if (tensor.strip)
        os << "  void *" << tensor.strip->context << ";\n";
    }
    if (tensors.empty())
      os << "  char none;\n";
    os << "};\n\n";
  }

  void writeStripRules() {
    os << "/* A function among the inputs delivers an input strip by strip, as "
          "a camera does:\n   it writes rows first to first + count - 1 of the "
          "dimension named beside it to\n   strip, which is dense, row by row, "
          "all other dimensions being whole. It is\n   called for one strip "
          "after the other, from the first row on, count being\n   "
          "_STRIP_ROWS; "
          "rows that fill no strip are not asked for. What it returns, if "
          "not\n   0, ends the run. context is handed on as it is. Its stack "
          "comes on top of\n   _STACK_BYTES. */\n";
  }

  /// The name in a comment, which it must not end.
  void writeName(StringRef name) {
    for (char c : name)
      if (llvm::isPrint(c) && !StringRef("\"\\*/").contains(c))
        os << c;
      else if (c == '/')
        // Names are paths as a rule; only the star would end the comment.
        os << c;
      else
        os << "\\x"
           << llvm::utohexstr(static_cast<uint8_t>(c), /*LowerCase=*/true,
                              /*Width=*/2);
  }

  void writeFunctions() {
    os << "/* Runs the model once. Nothing is kept between calls, so calls "
          "with "
          "arenas and\n   outputs of their own may run at the same time. "
          "Arena, "
          "inputs and outputs must\n   not overlap. Buffers are row by row and "
          "aligned as their type. */\n"
       << "enum " << prefix << "_status " << prefix << "_run(void *arena,\n"
       << "    const struct " << prefix << "_inputs *inputs,\n"
       << "    const struct " << prefix << "_outputs *outputs);\n\n"
       << "/* The same in two steps: _init checks all pointers and keeps them "
          "in a context of\n   the caller's; _invoke runs the model, as often "
          "as is wanted, and checks none. A\n   context that _init did not "
          "accept must not be used. */\n"
       << "struct " << prefix << "_context {\n  void *arena;\n  struct "
       << prefix << "_inputs inputs;\n  struct " << prefix
       << "_outputs outputs;\n};\n"
       << "enum " << prefix << "_status " << prefix << "_init(struct " << prefix
       << "_context *context,\n    void *arena, const struct " << prefix
       << "_inputs *inputs,\n    const struct " << prefix
       << "_outputs *outputs);\n"
       << "enum " << prefix << "_status " << prefix << "_invoke(\n    const "
       << "struct " << prefix << "_context *context);\n\n";
  }

  /// The nodes that the code announces, and the function it calls for that.
  void writeProfile() {
    if (interface.nodes.empty())
      return;
    os << "/* Called with a node's number where its work begins, and with the "
          "count of nodes\n   at the end. The object has one that does "
          "nothing; "
          "write your own to measure. */\n"
       << "void " << prefix << "_profile(uint32_t node);\n#define " << macro
       << "_PROFILE_NODES " << interface.nodes.size() << "\n#define " << macro
       << "_PROFILE_NAMES { \\\n";
    for (const std::string &node : interface.nodes) {
      os << "  \"";
      // Nothing that means more than itself in a string of C.
      for (char c : node)
        os << (llvm::isPrint(c) && !StringRef("\"\\?").contains(c) ? c : '_');
      os << "\", \\\n";
    }
    os << "}\n\n";
  }

  const Interface &interface;
  StringRef prefix;
  std::string macro;
  const ArtefactSizes &sizes;
  std::string text;
  llvm::raw_string_ostream os;
};

} // namespace

std::string tfc::m7::headerText(const Interface &interface, StringRef prefix,
                                const ArtefactSizes &sizes) {
  return HeaderWriter(interface, prefix, sizes).write();
}
